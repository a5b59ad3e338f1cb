"""Does the same supply news end in the same state, however it comes?"""

from __future__ import annotations

import random
from typing import Any

from accord.exceptions import service as exceptions
from accord.exceptions.model import (
    Counted,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.ledger.model import Item, Site, SupplyKind, node_key
from accord.simulation.auditor.judge import Auditor
from accord.simulation.clock import Clock, simulated
from accord.simulation.databases import fresh
from accord.simulation.mutants.known import active
from prove.model import Outcome, Say

CONTROL_WORDS = "Shipments that are in a count lower it once more."
_SITE, _ACTOR = "main", "feed"
_A_MINUTE = 60_000_000


def streams(count: int, seed: int, _say: Say) -> Outcome:
    """So many streams, each told to two items of one company."""
    chance, clock = random.Random(seed), Clock()
    failures: list[str] = []
    told = 0
    with fresh() as db, simulated(clock, seed):
        items = [f"x{n}{way}" for n in range(count) for way in "ab"]
        masters = [Site(id=_SITE, name="Main"), *(Item(id=item, name=item) for item in items)]
        exceptions.supply_changed(
            db,
            [MasterStated(record=one) for one in masters],
            actor=_ACTOR,
            id="masters",  # type: ignore[arg-type]
        )
        auditor = Auditor(db, lambda: clock.now)
        for number in range(count):
            orders = [chance.randint(1, 12) for _ in range(chance.randint(1, 4))]
            days = [chance.randint(0, 9) for _ in orders]
            began = clock.now
            ends = []
            stream: list[list[Any]] = []
            for way in "ab":
                teller = _Teller(db, clock, f"x{number}{way}", random.Random(f"{seed} {number} {way}"))
                commitments = teller.open(orders, days)
                if way == "a":
                    stream = _stream(chance, len(orders), orders, began)
                    teller.as_it_happened(stream, commitments)
                else:
                    teller.in_disorder(stream, commitments)
                told += teller.told
                ends.append(teller.state(commitments))
            wrong = [f"{v.rule}: {v.subject}: {v.detail}" for v in auditor.follow(decided=False)]
            if ends[0] != ends[1]:
                wrong.append(f"in order it ends in {ends[0]}, in disorder in {ends[1]}")
            failures += [f"seed {seed}, stream {number}: {words}" for words in wrong]
            if len(failures) >= 5:
                break
        failures += [f"seed {seed}, at the end: {v}" for v in auditor.audit(whole=True)]
    return Outcome(count=count, failures=tuple(failures), facts={"news told": told})


def without_guard(seed: int, say: Say) -> Outcome:
    """The same with counts that are lowered by what they contain."""
    with active("shipped twice"):
        return streams(40, seed, say)


def _stream(chance: random.Random, orders: int, quantities: list[int], began: int) -> list[list[Any]]:
    """What happened, as steps (minute, what, …) of one feed for each receipt, and one for everything else."""
    feeds: list[list[Any]] = []
    for receipt in range(chance.randint(1, 4)):
        due, quantity = chance.randint(0, 8), chance.randint(2, 15)
        feed: list[Any] = [("state", receipt, quantity, due)]
        for _ in range(chance.randint(0, 2)):
            due, quantity = chance.randint(0, 8), chance.randint(2, 15)
            feed.append(("state", receipt, quantity, due))
        if chance.random() < 0.4:
            feed.append(("arrive", receipt, quantity, chance.randint(1, 50)))
        feeds.append(feed)
    for order in range(orders):
        if chance.random() < 0.5:
            feeds.append([("ship", order, chance.randint(1, quantities[order]), chance.randint(1, 50))])
    for number in range(1, chance.randint(2, 4)):
        feeds.append([("count", number, chance.randint(0, 30), 15 * number)])
    # The last count is later than everything that moved: what is there is what it says.
    feeds.append([("count", 9, chance.randint(0, 30), 55)])
    return feeds


class _Teller:
    """Tells one item's news."""

    def __init__(self, db: Any, clock: Clock, item: str, chance: random.Random) -> None:
        self._db, self._clock, self._item, self._chance = db, clock, item, chance
        self._began = clock.now - 60 * _A_MINUTE
        self._today = clock.day("UTC")
        self.told = 0

    def open(self, orders: list[int], days: list[int]) -> list[str]:
        """Orders that were promised before; their commitments, in order."""
        lines = [
            OpeningLine(
                customer=None, item=self._item, site=_SITE, quantity=quantity, requested_on=self._today + day,
                promised_on=self._today + day, ref=f"{self._item}-{place}",
            )
            for place, (quantity, day) in enumerate(zip(orders, days, strict=True))
        ]  # fmt: skip
        self._tell("open", lines)
        with self._db.read() as tx:
            found = tx.rows(
                "SELECT c.id, c.ship_on, c.quantity FROM ledger_commitment c JOIN promise p ON p.id = c.promise"
                " WHERE c.key = :key AND c.version_to IS NULL AND p.in_force ORDER BY p.ref",
                key=node_key(self._item, _SITE),
            )
        return [id for id, _on, _quantity in found]

    def as_it_happened(self, feeds: list[list[Any]], commitments: list[str]) -> None:
        """Feed by feed, each once."""
        for place, feed in enumerate(feeds):
            for step, what in enumerate(feed):
                self._tell(f"{place}-{step}", [self._news(what, commitments)])

    def in_disorder(self, feeds: list[list[Any]], commitments: list[str]) -> None:
        """Steps of all feeds mixed, some together, some repeated later, time going by between them."""
        chance = self._chance
        left = [[(place, step, what) for step, what in enumerate(feed)] for place, feed in enumerate(feeds)]
        sent: list[tuple[str, list[News]]] = []
        while any(left):
            together: list[tuple[str, News]] = []
            for _ in range(chance.choice((1, 1, 2, 3))):
                open_feeds = [feed for feed in left if feed]
                if open_feeds:
                    place, step, what = chance.choice(open_feeds).pop(0)
                    together.append((f"{place}-{step}", self._news(what, commitments)))
            id, news = "+".join(name for name, _ in together), [one for _, one in together]
            self._tell(id, news)
            sent.append((id, news))
            if chance.random() < 0.4:
                self._tell(*chance.choice(sent))
            if chance.random() < 0.3:
                self._clock.advance(60)

    def state(self, commitments: list[str]) -> list[Any]:
        """What is there in the end, without ids that differ by when it was told."""
        key = node_key(self._item, _SITE)
        with self._db.read() as tx:
            supplies = tx.rows(
                "SELECT id, quantity, on_day, counts FROM ledger_supply WHERE key = :key AND version_to IS NULL"
                " AND quantity > 0 ORDER BY id",
                key=key,
            )
            rows = tx.rows(
                "SELECT id, state, quantity, fulfilled FROM ledger_commitment WHERE key = :key AND version_to IS NULL",
                key=key,
            )
            short = dict(
                tx.rows(
                    "SELECT commitment, owner FROM ledger_exception WHERE key = :key AND closed_at IS NULL",
                    key=key,
                )
            )
        known = {id: (state, quantity, fulfilled, id in short) for id, state, quantity, fulfilled in rows}
        return [
            [(id.replace(self._item, "x"), *more) for id, *more in supplies],
            [known[id] for id in commitments],
        ]

    def _news(self, what: tuple[Any, ...], commitments: list[str]) -> News:
        kind, which, quantity, when = what
        at = self._began + when * _A_MINUTE
        if kind == "count":
            return Counted(item=self._item, site=_SITE, quantity=quantity, as_of=at, sequence=which)
        if kind == "ship":
            return Shipped(commitment=commitments[which], quantity=quantity, at=at)
        id = f"{self._item}-po{which}"
        if kind == "arrive":
            return ReceiptArrived(item=self._item, site=_SITE, id=id, quantity=quantity, at=at)
        return ReceiptStated(
            item=self._item,
            site=_SITE,
            id=id,
            kind=SupplyKind.purchase,
            quantity=quantity,
            due_on=self._today + when,
        )

    def _tell(self, id: str, news: list[News] | list[OpeningLine]) -> None:
        self.told += len(news)
        exceptions.supply_changed(self._db, list(news), actor=_ACTOR, id=f"{self._item}:{id}")
