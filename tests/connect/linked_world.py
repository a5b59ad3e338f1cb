"""A company of several small chains of supply, and what links one to the next: for what may be promised side by side.

Chain n sells pump-n at two sites; it is made of motor-n on line-n at north and moved to south, and motor-n is bought from
supplier-n, who delivers so many a day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from accord.cli.promising import actor as who_types
from accord.connect import store
from accord.connect.model import OpenLine
from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.days import Day
from accord.ledger.model import (
    Allocation,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Record,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    Term,
)
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.policy.model import (
    Actor,
    Answer,
    CumulativeLimit,
    Customer,
    Period,
    Right,
    Rights,
    Subject,
    Tier,
)
from accord.policy.model import Counted as Of
from accord.promise.model import Line, Request, Verb

ACTOR = "tests"
SITES = ("north", "south")
# What makes two chains one: each is a way in which what is promised of the one takes from the other.
LINKS = ("resource", "supplier", "bill", "alternate", "substitute", "limit")

Chain = int
Link = tuple[str, Chain, Chain]  # kind; of this chain, and of that one


def tell(db: Database, chains: int, links: list[Link], *, most: int = 1_000, stock: int = 10) -> Day:
    """State it all, with so much stock of every motor and pump; today's day."""
    with db.read() as tx:
        today = tx.now() // 86_400_000_000 + 719_163
    records: list[Record] = [Site(id=site, name=site) for site in SITES]
    for chain in range(chains):
        records += _chain(chain, [link for link in links if link[2] == chain], today)
    supply_changed(db, [MasterStated(record=record) for record in records], actor="erp", id="masters")
    counts = [
        Counted(item=f"{item}-{chain}", site="north", quantity=stock, as_of=1)
        for chain in range(chains)
        for item in ("motor", "pump")
    ]
    supply_changed(db, counts, actor="erp", id="counts")
    rights = Rights(
        rights=(Right(id="sell", role="seller", then=Answer.allow),),
        limits=(
            CumulativeLimit(
                id="week", role="seller", of=Of.quantity, over=Subject.customer, period=Period.week, most=most,
                then=Answer.deny,
            ),
        ),
        actors=tuple(Actor(id=id, roles=("seller",)) for id in sorted({ACTOR, who_types()})),
    )  # fmt: skip
    buyers = [
        Customer(
            id=f"C{chain}", name=f"C{chain}", tier="AB"[chain % 2], may_substitute=True, early_days_max=2
        )
        for chain in range(chains)
    ]
    tiers = [Tier(id=name, rank=rank) for rank, name in enumerate("AB", 1)]
    policy.put(db, [rights, *buyers, *tiers], actor="boss", id="terms")
    with db.read() as tx:
        return reads.node(tx, "pump-0", "north").today


def _chain(n: Chain, links: list[Link], today: Day) -> Iterator[Record]:
    linked = {kind: f"-{there}" for kind, there, _ in links}
    yield Item(id=f"pump-{n}", name=f"Pump {n}")
    yield Item(id=f"motor-{n}", name=f"Motor {n}")
    yield Resource(id=f"line-{n}", name=f"Line {n}", site="north", calendar=None)
    yield Supplier(id=f"supplier-{n}", name=f"Supplier {n}", capacity=4)
    inputs = [Input(item=f"motor-{n}", quantity=1)]
    if "alternate" in linked:
        inputs = [Input(item=f"motor-{n}", quantity=1, alternates=(f"motor{linked['alternate']}",))]
    if "bill" in linked:
        inputs.append(Input(item=f"motor{linked['bill']}", quantity=1))
    yield Operation(
        id=f"make-{n}", item=f"pump-{n}", site="north", inputs=tuple(inputs),
        steps=(Step(loads=(Load(resource=f"line{linked.get('resource', f'-{n}')}"),), run_seconds=14_400),),
    )  # fmt: skip
    yield Lane(id=f"truck-{n}", item=f"pump-{n}", origin="north", destination="south", transit_days=1)
    yield Term(
        id=f"buy-{n}", item=f"motor-{n}", site="north", supplier=f"supplier{linked.get('supplier', f'-{n}')}",
        lead_days=3,
    )  # fmt: skip
    yield Allocation(
        id=f"share-{n}", item=f"pump-{n}", site="north", path=("tier:A",), rank=1, from_on=today - 1,
        until_on=today + 60, quantity=4,
    )  # fmt: skip
    if "substitute" in linked:
        yield Substitute(id=f"instead-{n}", item=f"pump-{n}", other=f"pump{linked['substitute']}")


def line(place: int, item: str, site: str | None, quantity: int, on: Day, customer: str) -> OpenLine:
    """A line that waits; lines are promised in the order of their places."""
    asked = Line(item=item, quantity=quantity, requested_on=on, site=site)
    request = Request(id=f"r{place}", verb=Verb.commit, accept="best", customer=customer, lines=(asked,))
    return OpenLine(source="erp", id=f"{place:05}", priority=0, due_on=place, request=request)


def random_links(chance: random.Random, chains: int) -> list[Link]:
    """Some chains are linked to the one before, some are not, and the last one never is."""
    # The limit comes with a customer of two chains.
    return [(chance.choice(LINKS[:-1]), n - 1, n) for n in range(1, chains - 1) if chance.random() < 0.5]


def random_lines(chance: random.Random, chains: int, many: int, today: Day) -> list[OpenLine]:
    """Orders for pumps and motors; one customer sometimes buys from any chain but the last."""
    found = []
    everywhere = chance.randrange(chains - 1)
    for place in range(many):
        chain = chance.randrange(chains)
        buyer = everywhere if chain < chains - 1 and chance.random() < 0.05 else chain
        item, site = chance.choice([("pump", None), ("pump", "north"), ("pump", "south"), ("motor", "north")])
        on = today + chance.randrange(2, 20)
        found.append(line(place, f"{item}-{chain}", site, chance.randrange(1, 8), on, f"C{buyer}"))
    return found


def put(db: Database, lines: list[OpenLine]) -> None:
    """Let them wait."""
    with db.write() as tx:
        store.add_lines(tx, lines)


def became(db: Database) -> dict[str, object]:
    """What became of every line: how it was answered, by what, and with which days; and what is drawn of what, when.

    The digest of a decision stands for all it offered, with days, quantities and what each option takes and makes.
    """
    from accord.promise import service as promises

    with db.read() as tx:
        lines = tx.rows("SELECT id, state, reason, decision FROM open_line ORDER BY id")
        draws = tx.rows(
            "SELECT key, on_day, sum(quantity) FROM ledger_draw WHERE version_to IS NULL"
            " GROUP BY key, on_day ORDER BY key, on_day"
        )
    found: dict[str, object] = {f"{key} {on}": int(drawn) for key, on, drawn in draws}
    for id, state, reason, decision in lines:
        one = promises.decision(db, decision)
        offered = [(o.id, o.takes, [(m.source, m.quantity, m.on) for m in o.makes]) for o in one.options]
        found[id] = (state, reason, one.verdict, one.refusals, one.chosen, one.digest, one.limits, offered)
    return found
