"""What a hold keeps can be hardened and renewed as long as nothing broke, whatever others lack."""

from __future__ import annotations

import msgspec
import pytest

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated, OpeningLine
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, local_day
from accord.ledger.model import Allocation, Item, Record, Site, Supplier, Term
from accord.policy import service as policy
from accord.policy.model import Customer, Tier
from accord.promise.model import Decision, Line, Request, Verb
from accord.promise.service import promise, verify

pytestmark = pytest.mark.usefixtures("noon")


def company(db: Database, *more: Record, stock: int, owed: int = 0, lot_min: int = 1) -> int:
    """One site that buys pumps in three days; `owed` are promised for today already. Returns today."""
    with db.read() as tx:
        now = tx.now()
    today = local_day(now, "UTC")
    records = (
        Site(id="S", name="S"),
        Item(id="pump", name="Pump"),
        Supplier(id="V", name="V"),
        Term(id="buy", item="pump", site="S", supplier="V", lead_days=3, lot_min=lot_min),
        *more,
    )
    supply_changed(db, [MasterStated(record=record) for record in records], actor="erp", id="masters")  # type: ignore[arg-type]
    supply_changed(db, [Counted(item="pump", site="S", quantity=stock, as_of=now)], actor="erp", id="stock")
    if owed:
        order = OpeningLine(
            customer=None,
            item="pump",
            site="S",
            quantity=owed,
            requested_on=today,
            promised_on=today,
            ref="SO",
        )
        supply_changed(db, [order], actor="erp", id="owed")
    return today


def do(db: Database, **terms: object) -> Decision:
    (decision,) = promise(db, [Request(id=str(terms.pop("id")), **terms)], actor="seller")  # type: ignore[arg-type]
    assert isinstance(decision, Decision), decision
    return decision


@pytest.mark.parametrize("verb", [Verb.commit, Verb.hold], ids=["hardened", "renewed"])
def test_a_hold_that_makes_its_own_supply_stands_where_others_are_short(db: Database, verb: Verb) -> None:
    today = company(db, stock=2, owed=5)
    hold = do(db, id="h", verb=Verb.hold, lines=(Line(item="pump", quantity=4, requested_on=today + 9),))
    assert hold.options[0].kind == "buy"

    again = do(db, id="c", verb=verb, promise=hold.promise)

    assert (again.refusals, again.promise) == ((), hold.promise)
    assert verify(db).findings == ()


@pytest.mark.parametrize("verb", [Verb.release, Verb.amend, Verb.commit, Verb.hold])
def test_a_hold_whose_lines_live_on_one_lot_ends_and_changes_where_others_are_short(
    db: Database, verb: Verb
) -> None:
    """What is left of the lot until the second line draws it was never anybody else's, so nobody loses it."""
    today = company(db, stock=2, owed=5, lot_min=6)
    early, late = (
        Line(item="pump", quantity=quantity, requested_on=today + days)
        for quantity, days in ((4, 9), (2, 30))
    )
    hold = do(db, id="h", verb=Verb.hold, lines=(early, late))
    assert [receipt.needed for receipt in hold.options[0].makes] == [6, 0]
    later = tuple(msgspec.structs.replace(line, requested_on=today + 30) for line in (early, late))

    again = do(db, id="c", verb=verb, promise=hold.promise, lines=later if verb is Verb.amend else ())

    assert (again.refusals, again.promise) == ((), hold.promise)
    assert verify(db).findings == ()


def set_aside(db: Database) -> tuple[Allocation, Day]:
    """All 10 pumps are set aside for Ann's tier, from today on."""
    with db.read() as tx:
        today = local_day(tx.now(), "UTC")
    share = Allocation(
        id="A",
        item="pump",
        site="S",
        path=("tier:A",),
        rank=1,
        from_on=today,
        until_on=today + 30,
        quantity=10,
    )
    company(db, share, stock=10)
    policy.put(db, [Tier(id="A", rank=1), Customer(id="ann", name="Ann", tier="A")], actor="boss", id="terms")
    return share, today


def test_a_hold_of_a_tier_is_hardened_out_of_its_own_share(db: Database) -> None:
    _, today = set_aside(db)
    line = Line(item="pump", quantity=6, requested_on=today + 1)
    hold = do(db, id="h", verb=Verb.hold, customer="ann", lines=(line,))

    again = do(db, id="c", verb=Verb.commit, promise=hold.promise)

    assert (again.refusals, again.promise) == ((), hold.promise)
    assert verify(db).findings == ()


def test_a_hold_out_of_a_share_that_is_cut_is_hardened_all_the_same(db: Database) -> None:
    share, today = set_aside(db)
    line = Line(item="pump", quantity=6, requested_on=today + 1)
    hold = do(db, id="h", verb=Verb.hold, customer="ann", lines=(line,))

    cut = msgspec.structs.replace(share, quantity=2)
    supply_changed(db, [MasterStated(record=cut)], actor="erp", id="cut")
    again = do(db, id="c", verb=Verb.commit, promise=hold.promise)

    assert (again.refusals, again.promise) == ((), hold.promise)
    assert verify(db).findings == ()


def test_a_share_that_is_cut_below_what_was_taken_stops_nobody(db: Database) -> None:
    share, today = set_aside(db)
    lines = tuple(Line(item="pump", quantity=quantity, requested_on=today + 1) for quantity in (3, 4))
    first, _ = (
        do(db, id=f"{n}", verb=Verb.commit, customer="ann", lines=(line,)) for n, line in enumerate(lines)
    )

    cut = msgspec.structs.replace(share, quantity=2)
    supply_changed(db, [MasterStated(record=cut)], actor="erp", id="cut")
    cancelled = do(db, id="x", verb=Verb.cancel, promise=first.promise)

    assert cancelled.refusals == ()
    assert verify(db).findings == ()


def test_a_share_whose_period_is_moved_keeps_what_was_taken_of_it(db: Database) -> None:
    share, today = set_aside(db)
    line = Line(item="pump", quantity=6, requested_on=today + 1)
    assert do(db, id="a", verb=Verb.commit, customer="ann", lines=(line,)).promise is not None
    with db.read() as tx:
        now = tx.now()
    moved = msgspec.structs.replace(share, from_on=today + 1)
    more = Counted(item="pump", site="S", quantity=14, as_of=now)
    supply_changed(db, [MasterStated(record=moved), more], actor="erp", id="moved")

    others = [
        do(
            db, id=f"o{n}", verb=Verb.ask, lines=(Line(item="pump", quantity=n, requested_on=today + 1),)
        ).verdict
        for n in (4, 5)
    ]

    assert others == ["yes", "not_by_then"]
    assert do(db, id="b", verb=Verb.commit, customer="ann", lines=(line,)).promise is not None
    assert verify(db).findings == ()
