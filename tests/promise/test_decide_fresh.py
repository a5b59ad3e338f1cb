"""What is said instead when a hold cannot be made firm, and what limits a decision draws on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import LYON, NOW, TODAY, World, leg, offers
from tests.promise.test_ctp import MOTOR, earliest, operation

from accord.ledger.model import (
    Allocation,
    Commitment,
    Draw,
    Input,
    Item,
    LimitRecord,
    Load,
    Resource,
    State,
    Step,
    Supplier,
    Supply,
    Term,
)
from accord.policy.model import (
    Actor,
    Answer,
    Counted,
    CumulativeLimit,
    Customer,
    Period,
    Price,
    Right,
    Rights,
    Rules,
    Subject,
)
from accord.promise.decide.effects import effects_of, promise_after
from accord.promise.model import Decision, Promise, PromiseLine, Refusal, Verdict

HOUR = 3_600_000_000
NODE = "node:X-100@halden"


class Held(msgspec.Struct, frozen=True):
    """What a promise has in the ledger."""

    draws: tuple[Draw, ...] = ()
    supplies: tuple[Supply, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    gives: tuple[Draw, ...] = ()
    drops: tuple[Supply, ...] = ()


def hold(quantity: int = 10, **more: Any) -> tuple[Promise, Held]:
    """A hold of so many for day 4, and what it draws."""
    line = PromiseLine(
        line=0, item="X-100", quantity=quantity, requested_on=TODAY + 4, first_promised_on=TODAY + 4,
        promised_on=TODAY + 4, price_minor=2_000, is_listed=True,
    )  # fmt: skip
    given = {"id": "prm_1", "state": State.held, "customer": "northwind", "actor": "sam", "ref": "", "request": "r0",
             "decision": "dec_0", "lines": (line,), "made_at": NOW, "changed_at": NOW, "expires_at": NOW + HOUR, **more}  # fmt: skip
    own = Draw(
        key=NODE,
        id="d",
        owner="com_0-0",
        promise="prm_1",
        on=TODAY + 4,
        quantity=quantity,
        expires_at=NOW + HOUR,
    )
    row = Commitment(
        key=NODE, id="com_0-0", promise="prm_1", line=0, item="X-100", site="halden", quantity=quantity,
        ship_on=TODAY + 4, deliver_on=TODAY + 4, state=State.held,
    )  # fmt: skip
    return Promise(**given), Held(draws=(own,), commitments=(row,), gives=(own,))


def again(stock: str, verb: str = "commit", *, more: dict[str, Any] | None = None, **world: Any) -> Decision:
    """The hold made firm, or renewed, on this stock."""
    before, standing = hold(**(more or {}))
    made = World(stock={"X-100": stock}, **world)
    made.book.customers.setdefault("northwind", made.customer)
    return made.ask(verb=verb, promise="prm_1", before=before, standing=standing, id="dec_2")


# --- instead of what is over ---


@pytest.mark.parametrize(
    ("stock", "more", "refusals", "expected"),
    [
        ("+10 now", {}, [], []),
        ("+9 now", {}, ["supply_short"], []),
        ("+9 now, +9 d7", {}, ["supply_short"], ["split: 9 d4 + 1 d7", "later: 10 d7"]),
        ("+10 now", {"expires_at": NOW}, ["hold_expired"], ["full: 10 d4"]),
        ("+10 now", {"renewals": 3}, [], []),  # making it firm is no renewal
        ("+10 now", {"state": State.cancelled}, ["promise_is_not_open"], []),  # nothing to offer
    ],
)
def test_instead_of_a_hold_that_is_over_or_uncovered_it_says_what_there_is(
    stock: str, more: dict[str, Any], refusals: list[str], expected: list[str]
) -> None:
    found = again(stock, more=more)

    assert [one.value for one in found.refusals] == refusals
    assert offers(found) == expected
    assert found.promise == (None if refusals else "prm_1")
    assert (NODE, 7) in found.reads or refusals == ["promise_is_not_open"]


def test_a_renewal_that_is_not_covered_says_what_there_is_too() -> None:
    found = again("+9 now, +9 d7", "hold")

    assert (found.refusals, found.promise) == ((Refusal.supply_short,), None)
    assert offers(found) == ["split: 9 d4 + 1 d7", "later: 10 d7"]
    assert [line.quantity_on_time for line in found.lines] == [9]


@pytest.mark.parametrize(
    ("line", "price"),
    [({"is_listed": True}, 2_500), ({"is_listed": False}, 2_000)],  # the list price of now, or the one agreed
)
def test_what_there_is_comes_at_the_price_that_was_agreed_or_at_the_list(
    line: dict[str, Any], price: int
) -> None:
    before, standing = hold(expires_at=NOW)
    before = msgspec.structs.replace(before, lines=(msgspec.structs.replace(before.lines[0], **line),))
    world = World(stock={"X-100": "+10 now"}, prices=(Price(id="X-100", item="X-100", list_minor=2_500),))

    found = world.ask(verb="commit", promise="prm_1", before=before, standing=standing)

    assert [option.price_minor for option in found.options] == [10 * price]


def test_what_can_no_longer_be_asked_for_has_no_options() -> None:
    before, standing = hold(expires_at=NOW)
    past = msgspec.structs.replace(
        before, lines=(msgspec.structs.replace(before.lines[0], requested_on=TODAY - 1),)
    )

    found = World(stock={"X-100": "+10 now"}).ask(
        verb="commit", promise="prm_1", before=past, standing=standing
    )

    assert (found.refusals, found.options) == ((Refusal.hold_expired,), ())


@pytest.mark.parametrize("verb", ["commit", "hold"])
def test_a_price_below_its_floor_by_now_stops_it_and_says_what_there_is(verb: str) -> None:
    found = again(
        "+10 now", verb, prices=(Price(id="X-100", item="X-100", list_minor=2_000, floor_minor=2_001),)
    )

    assert found.refusals == (Refusal.below_margin_floor,)
    assert offers(found) == ["full: 10 d4"]


@pytest.mark.parametrize("verb", ["release", "cancel"])
def test_who_may_not_end_it_is_told_so_and_nothing_is_offered(verb: str) -> None:
    before, standing = hold(state=State.held if verb == "release" else State.committed)
    world = World(stock={"X-100": "+10 now"}, rights=Rights(rights=(Right(id="no", then=Answer.deny),)))

    found = world.ask(verb=verb, promise="prm_1", before=before, standing=standing)

    assert (found.refusals, found.options, found.promise) == ((Refusal.not_allowed,), (), None)


# --- cumulative limits ---

KEY = "limit:week:customer=northwind:2027-W09"
LIMITED = Rights(
    rights=(Right(id="a", role="seller", then=Answer.allow),),
    limits=(
        CumulativeLimit(
            id="week",
            of=Counted.quantity,
            over=Subject.customer,
            period=Period.week,
            most=50,
            then=Answer.deny,
        ),
    ),
    actors=(Actor(id="sam", roles=("seller",)),),
)


def limited(used: int) -> World:
    return World(
        LimitRecord(id="week", most=50),
        Item(id="Y", name="Y"),
        stock={"X-100": "+99 now", "Y": "+99 now"},
        used={KEY: f"-{used} d0"},
        rights=LIMITED,
    )


def test_what_is_promised_draws_on_the_limits_line_by_line() -> None:
    world = limited(10)

    decision = world.ask("20 X-100 d4", "15 Y d4", verb="commit", actor="sam")
    changed = effects_of(decision, world.graph, world.book)

    assert changed is not None
    first, second = changed.commitments
    rows = [(row.owner, row.quantity, row.expires_at) for row in changed.draws if row.key == KEY]
    assert rows == [(first.id, 20, None), (second.id, 15, None)]


def test_a_limit_that_is_used_up_stops_it() -> None:
    found = limited(31).ask("20 X-100 d4", verb="commit", actor="sam")

    assert (found.refusals, found.promise) == ((Refusal.not_allowed,), None)


def test_a_hold_made_firm_draws_on_the_limits_as_of_now() -> None:
    world = limited(10)
    before, standing = hold()
    old = Draw(key=KEY, id="l", owner="com_0-0", promise="prm_1", on=TODAY, quantity=3, expires_at=NOW + HOUR)
    standing = msgspec.structs.replace(standing, draws=(*standing.draws, old), gives=(*standing.gives, old))

    decision = world.ask(
        verb="commit", promise="prm_1", before=before, standing=standing, actor="sam", id="dec_2"
    )
    changed = effects_of(decision, world.graph, world.book, standing, before)
    after = promise_after(decision, before, changed, actor="sam")

    assert changed is not None
    assert {(row.key, row.quantity, row.expires_at, row.owner) for row in changed.draws} == {
        (NODE, 10, None, "com_0-0"),
        (KEY, 10, None, "com_0-0"),
    }
    assert old in changed.gives_back
    assert after is not None
    assert (after.state, after.figures) == (State.committed, decision.figures)


def test_ending_a_promise_draws_on_no_limit() -> None:
    before, standing = hold()

    decision = limited(50).ask(verb="release", promise="prm_1", before=before, standing=standing, actor="sam")

    assert (decision.verdict, decision.limits) == (Verdict.done, ())


# --- prices ---


@pytest.mark.parametrize(("price", "needs"), [(1_250, ()), (1_249, (Refusal.below_margin_floor,))])
def test_too_thin_a_margin_needs_approval(price: int, needs: tuple[Refusal, ...]) -> None:
    world = World(stock={"X-100": "+10 now"}, rules=Rules(margin_bp_min=2_000))

    assert world.ask(f"2 X-100 d4 at {price}").options[0].needs == needs


# --- work and shares ---


def test_overtime_goes_back_over_days_on_which_nothing_is_open() -> None:
    """A job of 1,000 minutes: what is left of Monday, and over the weekend back to Friday."""
    line = Resource(
        id="line", name="Line", site="halden", calendar="week", overtime_minutes=60, overtime_cost_minor=1
    )
    steps = (Step(loads=(Load(resource="line"),), run_seconds=6_000),)  # 100 minutes a piece
    world = World(
        line, operation(steps=steps), used={"resource:line": "-480 d0, -480 d1, -480 d2, -480 d3, -60 d7"}
    )

    found = world.ask("10 X-100 d8")

    fast = next(option for option in found.options if option.kind == "expedite")
    taken = {(take.key, take.on - TODAY): take.quantity for take in fast.makes[0].takes if "line" in take.key}
    assert taken == {
        ("resource:line", 7): 420, ("overtime:line", 7): 60, ("resource:line", 4): 480, ("overtime:line", 4): 40,
    }  # fmt: skip


def test_work_that_never_fits_into_the_horizon_is_not_offered() -> None:
    line = Resource(id="line", name="Line", site="halden", calendar="week")
    steps = (Step(loads=(Load(resource="line"),), run_seconds=60),)
    world = World(line, operation(steps=steps), rules=Rules(horizon_days=3))

    assert earliest(world.ask("1000 X-100 d1")) == 3
    assert earliest(world.ask("1500 X-100 d1")) is None


def test_what_is_kept_for_a_lower_tier_is_borrowed_from_the_site_that_has_it() -> None:
    shares = tuple(
        Allocation(id=site, item="X-100", site=site, path=("tier:B",), rank=2, from_on=TODAY, until_on=TODAY + 90, quantity=50)
        for site in ("halden", "lyon")
    )  # fmt: skip
    top = tuple(
        msgspec.structs.replace(one, id=f"{one.id}-a", path=("tier:A",), rank=1, quantity=1) for one in shares
    )
    customer = Customer(id="northwind", name="N", tier="A")
    world = World(LYON, *shares, *top, leg("a", "halden", 0), leg("b", "lyon", 0), stock={"X-100": "+5 now", "X-100@lyon": "+50 now"}, customer=customer)  # fmt: skip

    assert offers(world.ask("20 X-100 d4")) == ["borrow: 20 d4 lyon"]
    assert offers(world.ask("60 X-100 d4")) == []


def test_all_together_counts_only_on_ways_that_can_be_there() -> None:
    """Lyon has it on day 3 and takes five days; Halden has it on day 6: nothing is tried before."""
    world = World(
        LYON, Item(id="Y", name="Y"), leg("a", "halden", 0), leg("b", "lyon", 5),
        stock={"X-100": "+10 d6", "X-100@lyon": "+10 d3", "Y": "+5 now"},
    )  # fmt: skip

    assert offers(world.ask("10 X-100 d2", "5 Y d2", ship_complete=True)) == ["ship_complete: 10 d6 + 5 Y d6"]


def test_where_no_way_is_ever_there_together_nothing_is_offered() -> None:
    world = World(
        LYON, Item(id="Y", name="Y"), leg("a", "halden", 0), leg("b", "lyon", 5),
        stock={"X-100@lyon": "+10 d3", "Y": "+5 now"}, rules=Rules(horizon_days=4),
    )  # fmt: skip

    found = world.ask("10 X-100 d2", "5 Y d2", ship_complete=True)

    assert (offers(found), found.verdict) == ([], Verdict.cannot_promise)


def test_a_component_that_is_bought_in_lots_rests_on_its_term() -> None:
    world = World(
        MOTOR, Supplier(id="s", name="S"), Term(id="t", item="motor", site="halden", supplier="s", lead_days=1, cost_minor=350),
        operation(inputs=(Input(item="motor", quantity=2),)), stock={"X-100": "+4 now", "motor": "+3 now"},
    )  # fmt: skip

    found = world.ask("10 X-100 d4", verb="commit")

    assert {(part.item, part.quantity, part.unit_minor, part.term) for part in found.parts} == {
        ("X-100", 4, 1_000, ""), ("motor", 9, 350, "t"),
    }  # fmt: skip


def test_a_component_from_stock_rests_on_its_own_cost() -> None:
    world = World(
        MOTOR, operation(inputs=(Input(item="motor", quantity=2),), lot_min=20), stock={"X-100": "+4 now", "motor": "+50 now"}
    )  # fmt: skip

    found = world.ask("10 X-100 d4", verb="commit")

    # Twelve of the forty motors that the lot of twenty takes are for the six pumps of this promise.
    assert {(part.item, part.quantity, part.unit_minor) for part in found.parts} == {
        ("X-100", 4, 1_000),
        ("motor", 12, 300),
    }


def test_what_two_components_need_of_one_lot_is_said_once() -> None:
    screw, left, right = (Item(id=id, name=id, cost_minor=10) for id in ("screw", "left", "right"))
    world = World(
        screw, left, right, Supplier(id="s", name="S"),
        Term(id="t", item="screw", site="halden", supplier="s", lead_days=1, lot_min=100),
        operation(inputs=(Input(item="left", quantity=1), Input(item="right", quantity=1))),
        operation(id="l", item="left", inputs=(Input(item="screw", quantity=2),), lead_days=1),
        operation(id="r", item="right", inputs=(Input(item="screw", quantity=3),), lead_days=1),
    )  # fmt: skip

    found = world.ask("10 X-100 d5")

    receipts = [
        (make.source, make.quantity, make.needed, make.needed_on - TODAY) for make in found.options[0].makes
    ]
    assert receipts == [
        ("buy:t", 100, 50, 4), ("make:l", 10, 10, 5), ("make:r", 10, 10, 5), ("make:o", 10, 10, 5),
    ]  # fmt: skip


def test_what_the_second_line_takes_of_the_first_ones_lot_is_needed_of_it() -> None:
    bought = Term(id="t", item="X-100", site="halden", supplier="s", lead_days=1, lot_min=100)
    found = World(Supplier(id="s", name="S"), bought).ask("10 X-100 d4", "20 X-100 d4")

    (lot,) = found.options[0].makes
    assert (lot.quantity, lot.needed) == (100, 30)


@pytest.mark.parametrize(
    ("ask", "price", "is_listed"), [("2 X-100 d4", 2_500, True), ("2 X-100 d4 at 2400", 2_400, False)]
)
def test_a_promise_keeps_the_price_that_was_agreed(ask: str, price: int, is_listed: bool) -> None:
    world = World(stock={"X-100": "+10 now"}, prices=(Price(id="X-100", item="X-100", list_minor=2_500),))
    decision = world.ask(ask, verb="commit")

    made = promise_after(decision, None, effects_of(decision, world.graph, world.book), actor="sam")

    assert made is not None
    assert (made.lines[0].price_minor, made.lines[0].is_listed) == (price, is_listed)


@pytest.mark.parametrize(
    ("verb", "state", "words"),
    [
        ("commit", State.held, "{} is committed now."),
        ("hold", State.held, "{} is held until 2027-03-01 10:00 UTC."),
        ("release", State.held, "The hold {} is released."),
        ("cancel", State.committed, "{} is cancelled."),
    ],
)
@pytest.mark.parametrize(("ref", "name"), [("SO 7", "SO 7"), ("", "prm_1")])
def test_a_promise_is_spoken_of_by_the_number_that_people_know(
    verb: str, state: State, words: str, ref: str, name: str
) -> None:
    before, standing = hold(state=state, ref=ref)
    seconds = 3_600 if verb == "hold" else None

    found = World(stock={"X-100": "+10 now"}).ask(
        verb=verb, promise="prm_1", before=before, standing=standing, hold_seconds=seconds
    )

    assert found.sentence == words.format(name)
