"""What does one supply change cost, and does it cost more where a hundred times as much is promised?

A ledger with few open commitments and one with many, told in as orders that were promised elsewhere; each node has a
receipt that covers a thousand of them. Then one receipt slips behind all of them: each must be judged, and have an exception
with its owner, in one durable transaction. Plans are no part of it yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

from accord.db.engine import Database
from accord.exceptions.model import Master, MasterStated, News, OpeningLine, ReceiptStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Item, SupplyKind
from bench.callers import NotPromised
from bench.databases import Store
from bench.measure import Sample, sample
from bench.sections import Load, Run
from bench.where import profiled
from bench.world import ACTOR, SITES, World, customer

SECTION = "supply news"
SECONDS_MAX = 600.0
FEW, MANY = "few", "many"
TITLE = "One supply change, for each commitment that it uncovers"
_CALL_MAX = 5_000  # commitments told in one call
_DUE_DAYS, _PROMISED_DAYS, _SLIPPED_DAYS = 10, 20, 30
_REPETITIONS_MAX = 4


def measure(run: Run, store: Store, world: World) -> None:
    """One slip in the small ledger and one in the large one, by turns."""
    counts = run.counts
    with ExitStack() as stack:
        slips = {}
        for way, open_count in ((FEW, counts.open_few), (MANY, counts.open_many)):
            db = stack.enter_context(store.opened_copy())
            began = time.perf_counter()
            nodes = _filled(db, world, open_count, counts.hit)
            run.say(f"  {open_count:,} open commitments told in {time.perf_counter() - began:.0f} s")
            slips[way] = _slipping(db, world, nodes, counts.hit)
        loads = [
            Load(way=f"supply change, {way}", nodes="hot", measure=lambda _name, _s, slip=slip: slip())
            for way, slip in slips.items()
        ]
        run.take_turns(
            SECTION, loads, door="in process", engine=store.engine,
            repetitions=min(_REPETITIONS_MAX, counts.repetitions),
        )  # fmt: skip
        run.profiles.append(profiled(TITLE, slips[MANY], counts.hit))


def _filled(db: Database, world: World, open_count: int, hit: int) -> int:
    """Tell so many open commitments, so many a node; how many nodes that takes."""
    nodes = max(_REPETITIONS_MAX + 2, open_count // hit)
    masters: list[Master] = [Item(id=_item(n), name=f"Covered {n}", cost_minor=100) for n in range(nodes)]
    supply_changed(db, [MasterStated(record=one) for one in masters], actor=ACTOR, id="covered")
    at_once = max(1, _CALL_MAX // hit)
    for start in range(0, nodes, at_once):
        news = [one for n in range(start, min(nodes, start + at_once)) for one in _node(world, n, hit)]
        supply_changed(db, news, actor=ACTOR, id=f"openings {start}")
    return nodes


def _node(world: World, n: int, hit: int) -> Iterator[News]:
    yield _receipt(world, n, hit, _DUE_DAYS)
    for line in range(hit):
        yield OpeningLine(
            customer=customer(line % 60), item=_item(n), site=SITES[0], quantity=1,
            requested_on=world.today + _PROMISED_DAYS, promised_on=world.today + _PROMISED_DAYS,
            ref=f"order-{n}-{line}",
        )  # fmt: skip


def _receipt(world: World, n: int, hit: int, days: int) -> ReceiptStated:
    return ReceiptStated(
        item=_item(n), site=SITES[0], id=f"po-covers-{n}", kind=SupplyKind.purchase, quantity=hit,
        due_on=world.today + days,
    )  # fmt: skip


def _item(n: int) -> str:
    return f"covered-{n:05}"


def _slipping(db: Database, world: World, nodes: int, hit: int) -> Callable[[], Sample]:
    """Each call slips the receipt of another node, so that each uncovers what no one uncovered before."""
    places = count()

    def slip() -> Sample:
        n = next(places) % nodes
        cpu, began = time.process_time(), time.perf_counter()
        outcome = supply_changed(db, [_receipt(world, n, hit, _SLIPPED_DAYS)], actor=ACTOR, id=f"slip {n}")
        passed = time.perf_counter() - began
        if len(outcome.opened) != hit:
            raise NotPromised(f"{len(outcome.opened)} exceptions were opened and not {hit}")
        found = sample([passed], passed, cpu_seconds=time.process_time() - cpu)
        return found

    return slip
