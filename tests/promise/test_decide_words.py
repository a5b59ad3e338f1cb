"""What is offered beside each other, in which words, and what is said when nothing is. Days count from today, a Monday."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import HALDEN, LYON, NORTHWIND, NOW, TODAY, World, leg, offers
from tests.promise.test_ctp import MAKER, earliest, lane, operation, term

from accord.kit.calendars import Calendar, CalendarRule
from accord.kit.errors import InputError
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Item,
    Load,
    Resource,
    State,
    Step,
    Substitute,
    Supplier,
)
from accord.policy.model import Actor, Answer, Customer, Price, Right, Rights, Rules, Ruling
from accord.policy.model import Verb as Act
from accord.promise.decide.case import terms_of
from accord.promise.decide.words import day_words, lines_words, quantity_words
from accord.promise.model import Approval, ApprovalState, Figures, Promise, Refusal, Request, Verb, Verdict

OTHER = Item(id="X-110", name="X-110", cost_minor=1_100)
THIRD = Item(id="X-120", name="X-120", cost_minor=1_200)
SWAPS = (Substitute(id="a", item="X-100", other="X-110"), Substitute(id="b", item="X-100", other="X-120"))
EASY = msgspec.structs.replace(NORTHWIND, may_substitute=True)


# --- substitutes ---


@pytest.mark.parametrize(
    ("stock", "expected"),
    [
        ({"X-110": "+9 now", "X-120": "+9 now"}, ["substitute: 8 X-110 d2"]),  # the first that has it
        ({"X-110": "+7 now", "X-120": "+9 now"}, ["substitute: 8 X-120 d2"]),
        ({"X-110@lyon": "+9 now"}, ["substitute: 8 X-110 d2 lyon"]),  # from whichever site has it
        ({"X-110": "+7 now"}, []),
    ],
)
def test_the_first_substitute_that_is_there_stands_in(stock: dict[str, str], expected: list[str]) -> None:
    world = World(
        LYON, OTHER, THIRD, *SWAPS, leg("a", "halden", 0), leg("b", "lyon", 0), stock=stock, customer=EASY
    )

    assert offers(world.ask("8 X-100 d2")) == expected


@pytest.mark.parametrize(
    ("terms", "asked", "kinds"),
    [
        (NORTHWIND, None, []),
        (NORTHWIND, True, ["substitute"]),
        (EASY, None, ["substitute"]),
        (EASY, False, []),
    ],
)
def test_the_request_says_what_is_accepted_else_the_customers_terms(
    terms: Customer, asked: bool | None, kinds: list[str]
) -> None:
    world = World(OTHER, *SWAPS[:1], stock={"X-110": "+9 now"}, customer=terms)

    assert [option.kind for option in world.ask("8 X-100 d2", may_substitute=asked).options] == kinds


@pytest.mark.parametrize(
    ("customer", "terms"),
    [
        (None, set()),
        (Customer(id="n", name="N"), set()),
        (Customer(id="n", name="N", tier="A"), {"tier:A"}),
        (Customer(id="n", name="N", channel="web", region="north"), {"channel:web", "region:north"}),
    ],
)
def test_shares_know_a_customer_by_tier_channel_and_region(
    customer: Customer | None, terms: set[str]
) -> None:
    assert terms_of(customer) == terms


@pytest.mark.parametrize(
    ("asks", "verb", "error"),
    [
        ((), "ask", ("/lines", "lines_missing", "There is no line. Name at least one item, quantity and day.")),
        ((), "commit", ("/lines", "lines_missing", "There is no line. Name at least one item, quantity and day.")),
        (("0 X-100 d2",), "ask", ("/lines/0/quantity", "not_positive", "The quantity is 0. Give more than zero.")),
        (("1 X-100 d2", "-4 X-100 d2"), "ask", ("/lines/1/quantity", "not_positive", "The quantity is -4. Give more than zero.")),
    ],
)  # fmt: skip
def test_what_is_no_request_is_named(asks: tuple[str, ...], verb: str, error: tuple[str, str, str]) -> None:
    with pytest.raises(InputError) as raised:
        World(stock={"X-100": "+9 now"}).ask(*asks, verb=verb)

    assert [(one.pointer, one.code, one.detail) for one in raised.value.errors] == [error]


def test_a_substitute_at_another_price_says_so() -> None:
    world = World(
        OTHER, *SWAPS[:1], stock={"X-100": "+8 d5", "X-110": "+9 now"}, customer=EASY,
        prices=(Price(id="X-100", item="X-100", list_minor=2_000), Price(id="X-110", item="X-110", list_minor=2_500)),
    )  # fmt: skip

    differences = [option.difference for option in world.ask("8 X-100 d2").options]

    assert differences == [
        "all on Sat 6 Mar 2027",
        "all on Wed 3 Mar 2027, 3 days sooner, X-110 instead of X-100, price +40.00 EUR, cost +8.00 EUR",
    ]


def test_where_a_price_is_not_known_none_is_compared() -> None:
    world = World(
        OTHER, *SWAPS[:1], stock={"X-100": "+8 d5", "X-110": "+9 now"}, customer=EASY,
        prices=(Price(id="X-100", item="X-100", list_minor=2_000),),
    )  # fmt: skip

    differences = [option.difference for option in world.ask("8 X-100 d2").options]

    assert differences[1] == "all on Wed 3 Mar 2027, 3 days sooner, X-110 instead of X-100, cost +8.00 EUR"


def test_what_comes_later_is_said_first_where_it_is_better_and_the_substitute_after_it() -> None:
    world = World(
        OTHER, *SWAPS[:1], stock={"X-100": "+8 d5", "X-110": "+9 now"}, customer=EASY,
        rules=Rules(weigh_late_day=1),
    )  # fmt: skip

    found = world.ask("8 X-100 d2")

    assert found.verdict is Verdict.yes_but
    assert found.sentence == (
        "8 X-100 can be ready by Sat 6 Mar 2027, with s0; or all of it by Wed 3 Mar 2027 with X-110 instead."
    )


@pytest.mark.parametrize(
    ("records", "manner"),
    [
        ((operation(),), "made for this"),
        ((MAKER, term()), "bought for this"),
        ((LYON, lane()), "brought from another site"),
    ],
)
def test_how_it_is_brought_is_said_in_a_few_words(records: tuple[Any, ...], manner: str) -> None:
    world = World(*records, leg("a", "halden", 0), stock={"X-100@lyon": "+9 now"})

    assert world.ask("9 X-100 d4").options[0].difference == f"all on Fri 5 Mar 2027; {manner}"


@pytest.mark.parametrize(("first", "last"), [(d, d + 1) for d in range(2, 10)])
def test_days_are_said_in_their_order(first: int, last: int) -> None:
    world = World(Item(id="Y", name="Y"), stock={"X-100": "+9 now", "Y": "+9 now"})

    found = world.ask(f"9 X-100 d{last}", f"9 Y d{first}")

    days = [day_words(TODAY + day) for day in (first, last)]
    assert found.sentence == f"All 2 lines can be ready by {days[1]}, the first on {days[0]}."
    assert found.options[0].difference == f"2 lines, {days[0]} to {days[1]}"


def test_what_may_not_be_taken_at_all_comes_after_what_needs_approval() -> None:
    kept = Allocation(
        id="a",
        item="X-100",
        site="halden",
        path=("tier:B",),
        rank=2,
        from_on=TODAY,
        until_on=TODAY + 90,
        quantity=9,
    )
    own = msgspec.structs.replace(kept, id="b", path=("tier:A",), rank=1, quantity=1)
    rights = Rights(rights=(Right(id="ask", role="seller", then=Answer.ask, ask="boss"), Right(id="boss", role="boss", then=Answer.allow)),
                    actors=(Actor(id="sam", roles=("seller",)),))  # fmt: skip
    world = World(
        kept, own, stock={"X-100": "+9 now, +20 d5"}, rights=rights, customer=Customer(id="northwind", name="N", tier="A"),
    )  # fmt: skip

    found = world.ask("9 X-100 d2", actor="sam")

    assert [(option.kind, option.needs) for option in found.options] == [
        ("later", (Refusal.approval_needed,)),
        ("split", (Refusal.approval_needed,)),
        ("borrow", (Refusal.not_allowed, Refusal.approval_needed)),
    ]


# --- why not by then ---


def test_what_may_not_be_made_yet_is_named() -> None:
    world = World(operation(from_on=TODAY + 5, lead_days=1))

    found = world.ask("8 X-100 d3")

    assert found.sentence == (
        "8 X-100 cannot all be there by Thu 4 Mar 2027, X-100 is not there by then: all of it by Sun 7 Mar 2027."
    )


def test_a_machine_that_opens_too_late_does_no_work_before() -> None:
    """The bound lets two steps share the first open day; tried, the second one does not fit and nothing is open before."""
    opens = CalendarRule(from_on=TODAY + 5, until_on=None, weekdays=127, minutes=480, priority=0)
    steps = tuple(Step(loads=(Load(resource="line"),), setup_minutes=300) for _ in range(2))
    world = World(
        CalendarRecord(id="new", calendar=Calendar(name="new", default_minutes=0, rules=(opens,))),
        Resource(id="line", name="Line", site="halden", calendar="new"),
        operation(steps=steps),
    )

    assert earliest(world.ask("8 X-100 d3")) == 7


@pytest.mark.parametrize(("days", "day"), [(9, 10), (10, None)])
def test_a_supplier_that_is_full_up_to_the_horizon_brings_nothing(days: int, day: int | None) -> None:
    world = World(
        Supplier(id="s", name="S", capacity=10), term(lead_days=0),
        used={"supplier:s": ", ".join(f"-10 d{n}" for n in range(days + 1))}, rules=Rules(horizon_days=10),
    )  # fmt: skip

    assert earliest(world.ask("8 X-100 d3")) == day


# --- orders ---

FLOORED = (
    Item(id="Y", name="Y"),
    Item(id="Z", name="Z"),
)
FLOORS = tuple(Price(id=id, item=id, floor_minor=1_500) for id in ("Y", "Z"))


@pytest.mark.parametrize(
    ("asks", "verdict", "sentence"),
    [
        (("5 Y d2 at 1500", "5 Z d2 at 1500"), "yes", "All 2 lines can be ready on Wed 3 Mar 2027."),
        (("5 Y d2 at 1500", "5 Z d2 at 1499"), "needs_approval", "All 2 lines can be ready on Wed 3 Mar 2027, but the price is below its floor."),
        (("5 Y d2 at 1500", "5 Z d3 at 1499"), "needs_approval", "All 2 lines can be ready by Thu 4 Mar 2027, the first on Wed 3 Mar 2027, but the price is below its floor."),
        (("5 Y d2 at 1500", "9 Z d2 at 1500"), "not_by_then", "1 of 2 lines can be there on the day asked for, all of them by Mon 8 Mar 2027."),
        (("5 Y d2 at 1500", "99 Z d2 at 1500"), "cannot_promise", "99 Z cannot be promised: there is not enough supply."),
    ],
)  # fmt: skip
def test_an_order_is_answered_as_a_whole(asks: tuple[str, ...], verdict: str, sentence: str) -> None:
    world = World(*FLOORED, stock={"Y": "+5 now", "Z": "+5 now, +5 d7"}, prices=FLOORS)

    found = world.ask(*asks)

    assert (found.verdict.value, found.sentence) == (verdict, sentence)


def test_what_an_order_needs_is_said_of_all_its_lines() -> None:
    nobody = Rights(rights=(Right(id="no", then=Answer.deny),))
    world = World(*FLOORED, stock={"Y": "+5 now", "Z": "+5 now"}, prices=FLOORS, rights=nobody)

    found = world.ask("5 Y d2 at 1500", "5 Z d2 at 1499")

    assert found.verdict is Verdict.cannot_promise
    assert found.refusals == (Refusal.not_allowed, Refusal.below_margin_floor)
    assert found.sentence == (
        "All 2 lines can be ready on Wed 3 Mar 2027, but no right of yours covers it and the price is below its floor."
    )


@pytest.mark.parametrize(
    ("late", "expected"),
    [(None, ["ship_complete: 5 Y d9 + 5 Z d9"]), (7, ["ship_complete: 5 Y d9 + 5 Z d9"]), (6, [])],
)
def test_what_ships_together_is_no_later_than_accepted_for_the_first_line(
    late: int | None, expected: list[str]
) -> None:
    customer = Customer(id="northwind", name="N", ship_complete=True, late_days_max=late)
    world = World(*FLOORED, stock={"Y": "+5 now", "Z": "+5 now"}, customer=customer)

    found = world.ask("5 Y d2", "5 Z d9")

    assert offers(found) == expected
    if not expected:
        assert (found.verdict, found.sentence) == (
            Verdict.cannot_promise,
            "The 2 lines cannot be delivered together.",
        )
        assert found.refusals == (Refusal.not_by_then,)


# --- rights ---


def test_what_nobody_may_take_is_offered_and_refused() -> None:
    world = World(stock={"X-100": "+8 now"}, rights=Rights(rights=(Right(id="no", then=Answer.deny),)))

    found = world.ask("8 X-100 d2")

    assert (found.verdict, found.refusals) == (Verdict.cannot_promise, (Refusal.not_allowed,))
    assert offers(found) == ["full: 8 d2"]
    assert found.options[0].difference == "all on Wed 3 Mar 2027; not allowed"
    assert found.sentence == "8 X-100 can be ready by Wed 3 Mar 2027, but no right of yours covers it."


class _Nothing(msgspec.Struct, frozen=True):
    draws: tuple[Any, ...] = ()
    supplies: tuple[Any, ...] = ()
    commitments: tuple[Any, ...] = ()
    gives: tuple[Any, ...] = ()
    drops: tuple[Any, ...] = ()


def test_declining_lets_go_what_was_kept_for_it_whatever_the_rights_say() -> None:
    boss = Rights(
        rights=(Right(id="no", verbs=(Act.release,), then=Answer.deny),),
        actors=(Actor(id="bea", roles=("boss",)),),
    )
    kept = Promise(
        id="prm_1", state=State.held, customer="northwind", actor="sam", ref="", request="r0", decision="dec_0",
        lines=(), made_at=NOW, changed_at=NOW, figures=Figures(),
    )  # fmt: skip
    asked = Approval(
        id="apr_1", state=ApprovalState.pending, request=Request(id="r0", verb=Verb.commit), customer="northwind", actor="sam",
        role="boss", ruling=Ruling(answer=Answer.ask, ask="boss"), figures=Figures(), sentence="s", decision="dec_0",
        promise="prm_1", promise_version=1, keeps=True, asked_at=NOW, expires_at=NOW + 1,
    )  # fmt: skip
    world = World(HALDEN, MAKER, rights=boss)

    found = world.ask(verb="decline", approval=asked, before=kept, standing=_Nothing(), actor="bea")

    assert (found.verdict, found.sentence) == (Verdict.done, "The hold prm_1 is released.")
    assert found.act == Request(id="r1", verb=Verb.release, promise="prm_1")
    assert (found.approval_version, found.ruling) == (1, None)


# --- words ---


def test_days_quantities_and_lines_are_said_the_same_everywhere() -> None:
    assert [day_words(TODAY + day) for day in (0, 6, 7, 31)] == [
        "Mon 1 Mar 2027", "Sun 7 Mar 2027", "Mon 8 Mar 2027", "Thu 1 Apr 2027",
    ]  # fmt: skip
    assert [day_words(TODAY + 30 * month)[-8:-5] for month in range(12)] == [
        "Mar", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan",
    ]  # fmt: skip
    assert day_words(TODAY - 10) == "Fri 19 Feb 2027"
    kilo = Item(id="k", name="K", unit="kg", scale=10)
    assert [quantity_words(25, item) for item in (OTHER, kilo)] == ["25", "2.5 kg"]
    assert [lines_words(count) for count in (1, 2)] == ["1 line", "2 lines"]
