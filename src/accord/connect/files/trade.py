"""How do rows become stock, receipts, customers, prices, commitments and open order lines?"""

from __future__ import annotations

from collections.abc import Callable

from accord.connect.files.mapping import Feed
from accord.connect.files.masters import Masters
from accord.connect.files.reader import Reader
from accord.connect.files.rows import Row
from accord.connect.model import OpenLine
from accord.exceptions.model import Component, Counted, OpeningLine, ReceiptStated
from accord.kit.days import AHEAD_DAYS_MAX, Day, Instant
from accord.ledger.model import SupplyKind, node_key
from accord.policy.model import Book, Customer, Price, Tier
from accord.promise.model import Line, Request, Verb

HORIZON_DAYS_AFTER = 365  # how long after the last requested day a promise may lie
_AHEAD_DAYS_MAX = AHEAD_DAYS_MAX - HORIZON_DAYS_AFTER


class Trade:
    """What is bought and sold, on the master data of the same import."""

    def __init__(self, reader: Reader, masters: Masters, book: Book, source: str, now: Instant) -> None:
        self._reader = reader
        self._masters = masters
        self._source = source
        self._now = now
        self._feed: Feed | None = None
        self._counted: dict[tuple[str, str, str | None, str], Counted] = {}
        self.receipts: dict[str, ReceiptStated] = {}
        self.openings: dict[str, OpeningLine] = {}
        self.policy: dict[tuple[str, str], Customer | Tier | Price] = {}
        self.lines: dict[str, OpenLine] = {}
        self._book = book
        self._customers = set(book.customers)
        self._tiers = set(book.tiers)

    @property
    def counts(self) -> tuple[Counted, ...]:
        """One count for each node, lot and status."""
        return tuple(self._counted.values())

    def read(self, feed: Feed) -> None:
        """All rows of a feed."""
        make: dict[str, Callable[[Row], None]] = {
            "on_hand": self._count,
            "receipts": self._receipt,
            "tiers": self._tier,
            "customers": self._customer,
            "prices": self._price,
            "commitments": self._opening,
            "orders": self._line,
        }
        self._feed = feed
        for row in self._reader.rows(feed):
            make[feed.target](row)

    def _item_at(self, row: Row) -> tuple[str, str, int]:
        item, site = row.text("item"), row.text("site")
        row.known(item, self._masters.items, "item", "item")
        row.known(site, self._masters.sites, "site", "site")
        return item, site, self._masters.scale(item)

    # --- supply ---

    def _count(self, row: Row) -> None:
        item, site, scale = self._item_at(row)
        quantity = row.quantity("quantity", scale, may_be_zero=True)
        lot, status = row.optional("lot"), row.text("status", "available")
        one = Counted(
            item=item,
            site=site,
            quantity=quantity,
            as_of=row.moment("counted_at", self._now),
            lot=lot,
            expires_on=row.day("expires_on"),
            status=status,
        )
        key = (item, site, lot, status)
        before = self._counted.get(key)
        if before is not None:
            if self._feed is None or not self._feed.sum_rows:
                row.bad(
                    "quantity",
                    "counted_twice",
                    "a second count of the same item, site, lot and status",
                    "Keep one, or say sum_rows = true in the mapping to add them up.",
                )
                return
            one = Counted(
                item=item,
                site=site,
                quantity=before.quantity + quantity,
                as_of=min(before.as_of, one.as_of),
                lot=lot,
                expires_on=one.expires_on,
                status=status,
            )
        if not row.is_bad:
            self._counted[key] = one

    def _receipt(self, row: Row) -> None:
        item, site, scale = self._item_at(row)
        id = row.text("id")
        kind = row.text("kind", "purchase")
        if kind not in ("purchase", "transfer", "production"):
            row.bad(
                "kind",
                "unknown_kind",
                f"{kind[:40]!r} is no kind of receipt",
                "Write purchase, transfer or production.",
            )
            kind = "purchase"
        quantity = row.quantity("quantity", scale, may_be_zero=True)
        due_on = row.needed_day("due_on")
        components: tuple[Component, ...] = ()
        origin = row.optional("origin")
        if origin is not None and row.known(origin, self._masters.sites, "site", "origin") and quantity:
            on = row.day("ships_on") or self._reader.today
            components = (Component(key=node_key(item, origin), on=on, quantity=quantity),)
        one = ReceiptStated(
            item=item,
            site=site,
            id=id,
            kind=SupplyKind(kind),
            quantity=quantity,
            due_on=due_on,
            released=row.yes_no("released", default=True),
            ref=row.text("ref", id),
            lot=row.optional("lot"),
            expires_on=row.day("expires_on"),
            components=components,
        )
        if self._is_new(row, id in self.receipts, id, "id"):
            self.receipts[id] = one

    def _opening(self, row: Row) -> None:
        item, site, scale = self._item_at(row)
        ref = row.text("ref")
        one = OpeningLine(
            customer=self._customer_of(row),
            item=item,
            site=site,
            quantity=row.quantity("quantity", scale),
            requested_on=row.needed_day("requested_on"),
            promised_on=row.needed_day("promised_on"),
            ref=ref,
            price_minor=row.optional_money("price"),
        )
        if self._is_new(row, ref in self.openings, ref, "ref"):
            self.openings[ref] = one

    # --- customers and prices ---

    def _tier(self, row: Row) -> None:
        one = Tier(id=row.text("id"), rank=row.whole("rank", 1))
        if one.rank < 1:
            row.bad("rank", "too_small", "a rank below 1", "The highest tier has rank 1.")
        if self._is_new(row, ("tier", one.id) in self.policy, one.id, "id"):
            self.policy[("tier", one.id)] = one
            self._tiers.add(one.id)

    def _customer(self, row: Row) -> None:
        id = row.text("id")
        tier = row.text("tier")
        if tier:
            row.known(tier, self._tiers, "tier", "tier")
        one = Customer(
            id=id,
            name=row.text("name", id),
            tier=tier,
            channel=row.text("channel"),
            region=row.text("region"),
            ship_to=row.text("ship_to", "*"),
            calendar=row.optional("calendar"),
            ship_complete=row.yes_no("ship_complete", default=False),
            may_split=row.yes_no("may_split", default=True),
            may_substitute=row.yes_no("may_substitute", default=False),
            early_days_max=row.whole("early_days_max"),
            late_days_max=row.optional_whole("late_days_max"),
            life_days_min=row.whole("life_days_min"),
            seller=row.text("seller"),
        )
        if self._is_new(row, ("customer", id) in self.policy, id, "id"):
            self.policy[("customer", id)] = row.over(self._book.customers.get(id), one)
            self._customers.add(id)

    def _price(self, row: Row) -> None:
        item, tier = row.text("item"), row.text("tier")
        row.known(item, self._masters.items, "item", "item")
        if tier:
            row.known(tier, self._tiers, "tier", "tier")
        id = f"{item}|{tier}" if tier else item
        one = Price(id=id, item=item, tier=tier, list_minor=row.money("list"), floor_minor=row.money("floor"))
        if self._is_new(row, ("price", id) in self.policy, id, "item"):
            self.policy[("price", id)] = row.over(self._book.prices.get(id), one)

    # --- orders ---

    def _line(self, row: Row) -> None:
        id, item, site = row.text("id"), row.text("item"), row.optional("site")
        row.known(item, self._masters.items, "item", "item")
        if site is not None:
            row.known(site, self._masters.sites, "site", "site")
        requested_on: Day = row.needed_day("requested_on")
        if requested_on - self._reader.today > _AHEAD_DAYS_MAX:
            row.bad(
                "requested_on",
                "too_far_ahead",
                f"{row.word('requested_on')!r} is more than a hundred years ahead",
                "Correct it.",
            )
        line = Line(
            item=item,
            quantity=row.quantity("quantity", self._masters.scale(item)),
            requested_on=requested_on,
            site=site,
            price_minor=row.optional_money("price"),
            ref=id,
        )
        one = OpenLine(
            source=self._source,
            id=id,
            priority=row.whole("priority", 10),
            due_on=requested_on,
            request=Request(
                id=f"open:{self._source}:{id}",
                verb=Verb.commit,
                accept="best",
                customer=self._customer_of(row),
                lines=(line,),
                ref=row.text("ref", id),
            ),
        )
        if self._is_new(row, id in self.lines, id, "id"):
            self.lines[id] = one

    def _customer_of(self, row: Row) -> str | None:
        customer = row.optional("customer")
        if customer is not None:
            row.known(customer, self._customers, "customer", "customer")
        return customer

    def _is_new(self, row: Row, there: bool, id: str, field: str) -> bool:
        if there and not row.is_bad:
            row.bad(field, "duplicate", f"{id[:60]!r} is there twice", "Keep one of the two rows.")
        return not row.is_bad
