"""What happens to supply in a simulated life: receipts, counts, shipments, capacity, the passing of days."""

from __future__ import annotations

import msgspec

from accord.connect import service as files
from accord.exceptions import service as exceptions
from accord.exceptions.model import (
    Component,
    Counted,
    DayRolled,
    MasterStated,
    News,
    OpeningLine,
    Outcome,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.ledger.model import Allocation, Record, SupplyKind, node_key, resource_key
from accord.policy import service as policies
from accord.simulation import world
from accord.simulation.auditor.rows import Row, item_and_site, select
from accord.simulation.life import ACTOR, ZONES, Life

STATED_MAX = 12  # receipts that are expected of a family; with more, some arrive first


class Weather:
    """Supply news for a life: what was stated before can slip, be cut, arrive."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.stated: list[ReceiptStated] = []
        self._told: list[tuple[str, list[News], Outcome]] = []
        self.number = 0
        self._records: dict[str, Record] = {}  # as stated when the company was set up
        self._shares: dict[int, list[str]] = {}  # what is set aside now, by family

    def begin(self, hot: bool) -> None:
        """The company is set up."""
        clock = self.life.clock
        today = clock.day(ZONES[world.NORTH])
        self._records = {record.id: record for record in world.master_data(today, hot)}
        self.tell(*world.stated(list(self._records.values())))
        self.tell(*world.opening_stock(today, clock.now, hot))
        self._shares = {
            family.number: [f"a-{family.item('t')}", f"b-{family.item('t')}"] for family in self.life.families
        }

    def tell(self, *news: News) -> Outcome:
        """Through the door for supply news."""
        self.number += 1
        self.life.ops += 1
        id = f"news-{self.number}"
        outcome = exceptions.supply_changed(self.life.db, list(news), actor=ACTOR, id=id)
        self.life.news += 1
        self._told = [*self._told[-20:], (id, list(news), outcome)]
        self.life.counts["opened"] += len(outcome.opened)
        self.life.counts["closed"] += len(outcome.closed)
        return outcome

    # --- receipts ---

    def receipt(self) -> None:
        """Something is ordered, moved or made, in part with what it still takes."""
        chance = self.life.chance
        if len(self.stated) > STATED_MAX * len(self.life.families):
            self.arrive()
            return
        family = chance.choice(self.life.families)
        item = chance.choice(family.items)
        site = world.NORTH if item[0] in "cd" else chance.choice((world.NORTH, world.SOUTH))
        due = self.today(site) + chance.randint(0, 20)
        kind, components = SupplyKind.purchase, []
        quantity = chance.choice((5, 10, 20, 40))
        if item[0] == "p" and site == world.NORTH and chance.random() < 0.7:
            kind = SupplyKind.production
            start = max(self.today(site), due - 2)
            components = [
                Component(key=node_key(family.item("c"), site), on=start, quantity=2 * quantity),
                Component(key=resource_key(f"line{family.number}"), on=start, quantity=quantity),
            ]
        elif item[0] == "t" and chance.random() < 0.5:
            kind = SupplyKind.transfer
            origin = world.SOUTH if site == world.NORTH else world.NORTH
            components = [
                Component(key=node_key(item, origin), on=max(self.today(origin), due - 3), quantity=quantity)
            ]
        lot = f"l{self.number}" if item[0] == "f" else None
        self._state(
            ReceiptStated(
                item=item, site=site, id=f"po-{self.number}", kind=kind, quantity=quantity, due_on=due,
                released=chance.random() < 0.8, ref=f"PO {self.number}", lot=lot,
                expires_on=due + chance.randint(5, 20) if lot else None, components=tuple(components),
            )
        )  # fmt: skip

    def slip(self) -> None:
        known = self._known()
        if known is not None:
            due = max(self.today(known.site), known.due_on + self.life.chance.randint(-3, 9))
            self._state(msgspec.structs.replace(known, due_on=due, released=True))

    def redirect(self) -> None:
        """What was expected at one site goes to the other, and may say no longer which proposed receipt it carries out."""
        known = self._known()
        if known is None:
            return
        site = world.SOUTH if known.site == world.NORTH else world.NORTH
        cites = known.cites if self.life.chance.random() < 0.5 else None
        was = self._expected(known.id)
        self._state(
            msgspec.structs.replace(known, site=site, due_on=max(self.today(site), known.due_on), cites=cites)
        )
        # One that was never applied is refused again, or looks like the proposed one.
        if was and (there := self._expected(known.id)) != [node_key(known.item, site)]:
            self.life.wrong("receipt", known.id, f"goes from {was} to {site} and is expected at {there}")

    def _expected(self, receipt: str) -> list[str]:
        """Where a receipt is expected."""
        with self.life.db.read() as tx:
            rows = tx.rows(
                "SELECT key FROM ledger_supply WHERE id = :id AND version_to IS NULL ORDER BY key", id=receipt
            )
        return [key for (key,) in rows]

    def trust(self) -> None:
        """The policy trusts plans and overdue receipts more, or less."""
        chance = self.life.chance
        rules = msgspec.structs.replace(
            world.RULES,
            fence_days=chance.choice((0, 1, 1, 4)),
            late_receipt_days=chance.choice((3, 3, 1, None)),
        )
        self.life.ops += 1
        self.life.news += 1
        policies.put(self.life.db, [rules], actor=ACTOR, id=self.life.next_id())

    def cut(self) -> None:
        known = self._known()
        if known is not None:
            self._state(
                msgspec.structs.replace(known, quantity=self.life.chance.choice((0, known.quantity // 2)))
            )

    def arrive(self) -> None:
        known = self._known()
        if known is None:
            return
        chance = self.life.chance
        quantity = chance.choice((known.quantity, known.quantity, max(1, known.quantity // 3)))
        closes = quantity == known.quantity or chance.random() < 0.5
        self.tell(
            ReceiptArrived(
                item=known.item, site=known.site, id=known.id, quantity=quantity, at=self.life.clock.now,
                closes=closes, lot=known.lot, expires_on=known.expires_on,
            )
        )  # fmt: skip
        if closes:
            self.stated.remove(known)
        else:
            self.stated[self.stated.index(known)] = msgspec.structs.replace(
                known, quantity=known.quantity - quantity
            )

    def cite(self) -> None:
        """The planning system carries out a receipt that a promise proposed."""
        row = self._one(
            "SELECT key, id, kind, quantity, on_day FROM ledger_supply WHERE key = :key AND version_to IS NULL"
            " AND proposed_by IS NOT NULL AND expires_at IS NULL ORDER BY id"
        )
        if row is None:
            return
        item, site = item_and_site(row["key"])
        chance = self.life.chance
        self._state(
            ReceiptStated(
                item=item, site=site, id=f"wo-{self.number}", kind=SupplyKind(row["kind"]), cites=row["id"],
                quantity=max(1, row["quantity"] + chance.choice((0, 0, 0, 5, -1))),
                due_on=max(self.today(site), row["on_day"] + chance.choice((0, 0, -1, 4))),
            )
        )  # fmt: skip

    # --- goods ---

    def count(self) -> None:
        chance = self.life.chance
        row = self._one(
            "SELECT key, lot, expires_on, quantity FROM ledger_supply WHERE key = :key AND version_to IS NULL"
            " AND kind = 'on_hand' AND status = 'available' ORDER BY id"
        )
        if row is None:
            return
        item, site = item_and_site(row["key"])
        quantity = max(0, row["quantity"] + chance.choice((-8, -3, -1, 0, 0, 2, 10)))
        at = self.life.clock.now - chance.choice((0, 0, 3_600_000_000))
        news: list[News] = [
            Counted(
                item=item, site=site, quantity=quantity, as_of=at, sequence=self.number, lot=row["lot"],
                expires_on=row["expires_on"],
            )
        ]  # fmt: skip
        if chance.random() < 0.2:
            news.append(
                Counted(
                    item=item,
                    site=site,
                    quantity=chance.randint(0, 5),
                    as_of=self.life.clock.now,
                    status="blocked",
                )
            )
        if not self.tell(*news).ignored:
            self._is_as_counted(row["key"], row["lot"], quantity, at)

    def bring_in(self) -> None:
        """A file of counts comes in through the import, and once more: the second time it changes nothing."""
        chance = self.life.chance
        family = chance.choice(self.life.families)
        rows = [
            f"{family.item(letter)},{site},{chance.randint(0, 40)}"
            for letter, site in chance.sample([(a, b) for a in "pcdt" for b in ZONES], 2)
        ]
        pasted = {"stock.csv": "\n".join(["item,site,quantity", *rows, ""]).encode()}
        self.life.ops += 2
        self.life.news += 1
        files.import_pasted(self.life.db, pasted, actor=ACTOR)
        before = self.life.heads()
        if files.import_pasted(self.life.db, pasted, actor=ACTOR).changed or self.life.heads() != before:
            self.life.wrong("once", "stock.csv", "came in twice and changed something the second time")

    def _is_as_counted(self, key: str, lot: str | None, counted: int, at: int) -> None:
        """What is there is what was counted and what moved since, and nothing of it twice."""
        with self.life.db.read() as tx:
            moved = tx.rows(
                "SELECT lot, quantity FROM ledger_movement WHERE key = :key AND at > :at", key=key, at=at
            )
            there = tx.rows(
                "SELECT lot, quantity FROM ledger_supply WHERE key = :key AND version_to IS NULL AND kind = 'on_hand'"
                " AND status = 'available'",
                key=key,
            )
        wanted = max(0, counted + sum(quantity for of, quantity in moved if of == lot))
        found = sum(quantity for of, quantity in there if of == lot)
        if found != wanted:
            self.life.wrong(
                "count", key, f"{found} are there of lot {lot}, {wanted} by the count and what moved since"
            )

    def ship(self) -> None:
        """Something leaves, whether its day has come or not; in part or wholly."""
        chance = self.life.chance
        rows = self.open_on(self._some_node())
        if not rows:
            return
        row = chance.choice(rows)
        due = row["quantity"] - row["fulfilled"]
        quantity = chance.choice((due, due, max(1, due // 2)))
        self.tell(Shipped(commitment=row["id"], quantity=quantity, at=self.life.clock.now))

    def open_on(self, key: str) -> list[Row]:
        """What is promised and has not left a node."""
        with self.life.db.read() as tx:
            return select(
                tx.connection,
                "SELECT id, promise, quantity, fulfilled, ship_on FROM ledger_commitment WHERE key = :key"
                " AND version_to IS NULL AND state = 'committed' AND state IN ('held', 'committed') ORDER BY id",
                key=key,
            )

    def opening_line(self) -> None:
        """An order that was promised elsewhere before."""
        chance = self.life.chance
        item = chance.choice(chance.choice(self.life.families).items)
        site = world.NORTH
        day = self.today(site) + chance.randint(0, 12)
        self.tell(
            OpeningLine(
                customer=None, item=item, site=site, quantity=chance.randint(1, 12), requested_on=day,
                promised_on=day + 1, ref=f"old-{self.number}",
            )
        )  # fmt: skip

    # --- capacity and shares ---

    def capacity(self) -> None:
        """A line gains or loses units or overtime, a supplier's limit moves, a share is changed."""
        chance = self.life.chance
        family = chance.choice(self.life.families)
        n, records = family.number, self._records
        changed = chance.choice(
            (
                msgspec.structs.replace(records[f"hand{n}"], units=chance.choice((1, 2, 3))),
                msgspec.structs.replace(records[f"line{n}"], calendar=chance.choice(("work", "carrier"))),
                msgspec.structs.replace(records[f"small{n}"], capacity=chance.choice((10, 30, 60))),
            )
        )
        self.tell(MasterStated(record=changed))  # type: ignore[arg-type]

    def less_capacity(self) -> None:
        """A line, a crew or a supplier has less from now on."""
        family = self.life.chance.choice(self.life.families)
        n, records = family.number, self._records
        self.tell(
            *(
                MasterStated(record=record)  # type: ignore[arg-type]
                for record in (
                    msgspec.structs.replace(records[f"hand{n}"], units=1),
                    msgspec.structs.replace(records[f"small{n}"], capacity=self.life.chance.choice((5, 10))),
                )
            )
        )

    def new_shares(self) -> None:
        """What is set aside for tiers is set aside for another time, as their periods go by."""
        family = self.life.chance.choice(self.life.families)
        today = self.today(world.NORTH)
        changed = []
        for id in (f"a-{family.item('t')}", f"b-{family.item('t')}"):
            share = self._records[id]
            assert isinstance(share, Allocation)
            days = share.until_on - share.from_on
            release = None if share.release_on is None else today + share.release_on - share.from_on
            changed.append(
                msgspec.structs.replace(
                    share,
                    id=f"{id}-{self.number}",
                    from_on=today,
                    until_on=today + days,
                    release_on=release,
                )
            )
        ends = list(self._shares.get(family.number, ()))
        self._shares[family.number] = [share.id for share in changed]
        self.tell(
            *(MasterStated(ends=("allocation", id)) for id in ends),
            *(MasterStated(record=share) for share in changed),
        )

    # --- time ---

    def later(self) -> None:
        """Some minutes or hours go by."""
        self.life.ops += 1
        self.life.clock.advance(self.life.chance.choice((1, 60, 900, 7_200, 20_000)))

    def next_day(self) -> None:
        self.life.ops += 1
        self.life.clock.to_next_midnight(self.life.chance.choice(tuple(ZONES.values())))

    def roll(self, days: dict[str, int]) -> bool:
        """Tell the midnights since it was these days; whether there were any."""
        news: list[News] = [DayRolled(site=site) for site, day in days.items() if self.today(site) != day]
        if news:
            self.tell(*news)
        return bool(news)

    def days(self) -> dict[str, int]:
        """What day it is at each site."""
        return {site: self.today(site) for site in ZONES}

    def repeat(self) -> None:
        """The same news again does nothing and says the same."""
        if not self._told:
            return
        id, news, outcome = self.life.chance.choice(self._told)
        self.life.ops += 1
        before = self.life.heads()
        again = exceptions.supply_changed(self.life.db, news, actor=ACTOR, id=id)
        if again != outcome:
            self.life.wrong("once", id, "was told twice and had two outcomes")
        if self.life.heads() != before:
            self.life.wrong("once", id, "had an effect the second time")

    def _state(self, receipt: ReceiptStated) -> None:
        self.tell(receipt)
        self.stated = [known for known in self.stated if known.id != receipt.id]
        if receipt.quantity:
            self.stated.append(receipt)

    def _known(self) -> ReceiptStated | None:
        return self.life.chance.choice(self.stated) if self.stated else None

    def today(self, site: str) -> int:
        """The day at a site."""
        return self.life.clock.day(ZONES[site])

    def _one(self, sql: str) -> Row | None:
        """One of the rows of some node."""
        with self.life.db.read() as tx:
            rows = select(tx.connection, sql, key=self._some_node())
        return self.life.chance.choice(rows) if rows else None

    def _some_node(self) -> str:
        chance = self.life.chance
        return node_key(chance.choice(chance.choice(self.life.families).items), chance.choice(tuple(ZONES)))
