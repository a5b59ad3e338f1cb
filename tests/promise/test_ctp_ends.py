"""Where a search ends: circles, calendars that never open, lanes that are over, and what is known before it is tried.

Days count from today, Monday 1 March 2027.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import HALDEN, LYON, NORTHWIND, TODAY, World, leg, offers
from tests.promise.test_ctp import MAKER, MOTOR, earliest, lane, operation, term

from accord.kit.calendars import SEARCH_DAYS_MAX, Calendar, CalendarRule, Timetable
from accord.kit.days import Day
from accord.ledger.decide.graph import Source
from accord.ledger.model import (
    CalendarRecord,
    Companion,
    Input,
    Item,
    Load,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
)
from accord.policy.model import Answer, Right, Rights, Rules
from accord.promise.decide.case import Case, Wish
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.opening import first_open_in_both, last_open_in_both
from accord.promise.decide.plan import soonest
from accord.promise.decide.reply import Short
from accord.promise.model import Limit, Refusal

NEVER = CalendarRecord(id="never", calendar=Calendar(name="never", default_minutes=0))
FROM_TODAY = CalendarRecord(
    id="new",
    calendar=Calendar(
        name="new",
        default_minutes=0,
        rules=(CalendarRule(from_on=TODAY, until_on=None, weekdays=127, minutes=480, priority=0),),
    ),
)
OSLO = Site(id="oslo", name="Oslo")


def limit(world: World, ask: str) -> tuple[str, str, int, int, int | None]:
    """(why, key, day, short, until), days from today."""
    found = world.ask(ask).lines[0].limit
    assert found is not None
    until = None if found.until is None else found.until - TODAY
    return (found.why.value, found.key, found.on - TODAY, found.short, until)


# --- two calendars ---


def _open_on(*weekdays: int) -> Timetable:
    mask = sum(1 << day for day in weekdays)  # 0 = Monday
    rule = CalendarRule(from_on=None, until_on=None, weekdays=mask, minutes=1, priority=0)
    return Timetable(Calendar(name="w", default_minutes=0, rules=(rule,)))


@pytest.mark.parametrize(
    ("a", "b", "last", "first"),
    [
        (None, None, 0, 0),
        (None, _open_on(4), -3, 4),
        (_open_on(4), None, -3, 4),
        (_open_on(0, 4), _open_on(0, 4), 0, 0),
        (_open_on(1, 4), _open_on(2, 4), -3, 4),
        (_open_on(4), _open_on(1, 4), -3, 4),
        (_open_on(1, 2), _open_on(2, 4), -5, 2),
        (_open_on(1), _open_on(2), None, None),  # never on one day
        (_open_on(1), Timetable(NEVER.calendar), None, None),
        (Timetable(NEVER.calendar), _open_on(1), None, None),
    ],
)
def test_both_are_open_on_the_nearest_common_day(
    a: Timetable | None, b: Timetable | None, last: int | None, first: int | None
) -> None:
    assert last_open_in_both(a, b, TODAY) == (None if last is None else TODAY + last)
    assert first_open_in_both(a, b, TODAY) == (None if first is None else TODAY + first)


def _on(*days: Day) -> Timetable:
    rules = tuple(
        CalendarRule(from_on=day, until_on=day + 1, weekdays=127, minutes=1, priority=n)
        for n, day in enumerate(days)
    )
    return Timetable(Calendar(name="d", default_minutes=0, rules=rules))


def test_a_common_day_is_looked_for_as_far_as_one_calendar_is() -> None:
    """Each opens within three years of the other, but they meet only beyond that from the day that is asked for."""
    step = SEARCH_DAYS_MAX - 1
    a, b = _on(TODAY + 5, TODAY + 5 + 2 * step), _on(TODAY + 5 + step, TODAY + 5 + 2 * step)

    assert first_open_in_both(a, b, TODAY) is None
    assert first_open_in_both(a, b, TODAY + 5 + step) == TODAY + 5 + 2 * step

    c, d = _on(TODAY - 5, TODAY - 5 - 2 * step), _on(TODAY - 5 - step, TODAY - 5 - 2 * step)
    assert last_open_in_both(c, d, TODAY) is None
    assert last_open_in_both(c, d, TODAY - 5 - step) == TODAY - 5 - 2 * step


# --- circles ---


def test_what_needs_itself_is_never_made() -> None:
    world = World(operation(inputs=(Input(item="X-100", quantity=1),)), stock={"X-100": "+5 now"})

    assert limit(world, "10 X-100 d9") == ("no_source", "node:X-100@halden", 9, 5, None)


def test_an_alternate_that_leads_back_is_passed_over() -> None:
    made = operation(inputs=(Input(item="motor", quantity=1, alternates=("X-100",)),), lead_days=1)

    short = World(MOTOR, made, stock={"X-100": "+5 now"})
    there = World(MOTOR, made, stock={"X-100": "+5 now", "motor": "+5 d3"})

    assert earliest(short.ask("10 X-100 d9")) is None
    assert earliest(there.ask("10 X-100 d2")) == 4


# --- what is over, or not yet ---


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"until_on": TODAY}, "no_source"),  # it has ended
        ({"until_on": TODAY + 1, "transit_days": 30}, "lead_time_too_long"),
        ({"from_on": TODAY + 1, "until_on": TODAY + 1}, "no_source"),
        ({"from_on": TODAY + 3, "transit_days": 30, "fence_days": 2}, "lead_time_too_long"),  # not the fence
        ({"transit_days": 30, "fence_days": 2}, "inside_fence"),
        ({"from_on": TODAY + 2, "transit_days": 30, "fence_days": 2}, "inside_fence"),
    ],
)
def test_a_lane_that_does_not_bring_it_says_why(more: dict[str, Any], why: str) -> None:
    world = World(LYON, lane(**more), stock={"X-100@lyon": "+50 now", "X-100": "+1 now"})
    ctp = _ctp(world, "10 X-100 d9")

    found = ctp.cover(10, "X-100", "halden", TODAY + 9, explains=True)

    assert isinstance(found, Short)
    assert found.limit.why.value == why


@pytest.mark.parametrize(("until", "day"), [(0, None), (1, 2), (None, 2)])
def test_a_lane_that_has_ended_moves_nothing(until: int | None, day: int | None) -> None:
    moved = lane(until_on=None if until is None else TODAY + until)

    assert (
        earliest(
            World(LYON, moved, leg("a", "halden", 0), stock={"X-100@lyon": "+10 now"}).ask("10 X-100 d1")
        )
        == day
    )


def test_a_site_that_was_not_open_long_enough_makes_nothing_yet() -> None:
    world = World(
        FROM_TODAY,
        msgspec.structs.replace(HALDEN, calendar="new"),
        operation(after_days=5),
        stock={"X-100": "+1 now"},
    )

    assert limit(world, "10 X-100 d2") == ("lead_time_too_long", "node:X-100@halden", 2, 9, 5)
    assert earliest(world.ask("10 X-100 d2")) == 5


@pytest.mark.parametrize(("capacity", "day"), [(0, None), (1, 9), (None, 3)])
def test_a_supplier_without_capacity_brings_nothing(capacity: int | None, day: int | None) -> None:
    world = World(Supplier(id="s", name="S", capacity=capacity), term())

    assert earliest(world.ask("10 X-100 d2")) == day


# --- the bounds ---


def _ctp(world: World, ask: str) -> Ctp:
    request = world.request(ask)
    trial = world.trial(request)
    return Case(request, trial, world.graph, world.book, world.now).look()


def test_without_bounds_every_day_and_every_source_is_tried() -> None:
    ctp = _ctp(World(MAKER, term()), "10 X-100 d2")

    assert ctp.bounds is None
    assert ctp.next_try(10, "X-100", "halden", TODAY + 2) == TODAY + 3
    assert ctp.possible_on(10, "X-100", "halden") == TODAY
    assert ctp.may_bring("X-100", "halden", TODAY)
    assert not _ctp(World(), "10 X-100 d2").may_bring("X-100", "halden", TODAY)


def test_with_them_what_cannot_succeed_is_not_tried() -> None:
    ctp = _ctp(World(MAKER, term(), stock={"X-100": "+4 d1, +9 d12"}), "10 X-100 d2")
    ctp.prepare((("X-100", "halden"),))

    assert ctp.next_try(10, "X-100", "halden", TODAY) == TODAY + 1  # a receipt
    assert ctp.next_try(10, "X-100", "halden", TODAY + 1) == TODAY + 3  # the term
    assert ctp.next_try(10, "X-100", "halden", TODAY + 3) == TODAY + 4
    assert ctp.possible_on(10, "X-100", "halden") == TODAY + 3
    assert ctp.possible_on(4, "X-100", "halden") == TODAY + 1
    assert [ctp.may_bring("X-100", "halden", TODAY + day) for day in (2, 3)] == [False, True]


def test_one_source_that_may_bring_it_is_enough() -> None:
    ctp = _ctp(World(MAKER, term(), term(id="t2", lead_days=9, priority=2)), "10 X-100 d2")
    ctp.prepare((("X-100", "halden"),))

    assert ctp.may_bring("X-100", "halden", TODAY + 3)


@pytest.mark.parametrize(("units", "why"), [(1, "lead_time_too_long"), (2, "capacity_full")])
def test_work_that_needs_more_hands_than_there_are_fits_on_no_day(units: int, why: str) -> None:
    """The line is taken on every day; with two hands there it would fit if nobody else used it."""
    line = Resource(id="line", name="Line", site="halden")
    crew = Resource(id="crew", name="Crew", site="halden", units=units)
    load = Load(resource="line", also=(Companion(resource="crew", units=2),))
    made = operation(steps=(Step(loads=(load,), setup_minutes=60),))
    world = World(line, crew, made, used={"resource:line": ", ".join(f"-1440 d{n}" for n in range(12))})

    assert limit(world, "10 X-100 d9")[0] == why


def test_where_nothing_may_be_made_moved_or_bought_only_stock_counts() -> None:
    world = World(MAKER, term(), stock={"X-100": "+4 d1, +9 d12"}, rules=Rules(depth_max=0))
    ctp = _ctp(world, "10 X-100 d2")
    ctp.prepare((("X-100", "halden"),))

    assert ctp.next_try(10, "X-100", "halden", TODAY + 1) == TODAY + 12
    assert ctp.possible_on(10, "X-100", "halden") == TODAY + 12
    assert not ctp.may_bring("X-100", "halden", TODAY + 9)
    assert earliest(world.ask("10 X-100 d2")) == 12


class _Nothing:
    """Bounds that rule everything out, and so more than is so."""

    def of(self, source: Source, quantity: int) -> Day | None:
        return None


def test_what_is_ruled_out_before_it_is_tried_is_a_matter_of_time() -> None:
    ctp = _ctp(World(MAKER, term()), "10 X-100 d9")
    ctp.bounds = _Nothing()  # type: ignore[assignment]
    mark = ctp.trial.mark()

    found = ctp.cover(10, "X-100", "halden", TODAY + 9, explains=True)

    assert isinstance(found, Short)
    assert found.limit == Limit(
        why=Refusal.lead_time_too_long, key="node:X-100@halden", on=TODAY + 9, short=10
    )
    assert ctp.trial.mark() == mark


def test_stock_that_moves_very_often_is_looked_at_in_full_when_it_is_tried() -> None:
    steps = ", ".join(f"+1 d{day}" for day in range(90))

    assert earliest(World(stock={"X-100": steps}).ask("80 X-100 d2")) == 79
    made = World(MOTOR, operation(inputs=(Input(item="motor", quantity=1),)), stock={"motor": steps})
    assert earliest(made.ask("80 X-100 d2")) == 79


@pytest.mark.parametrize(
    ("asked", "day", "told"),
    [
        (1_005, 3, None),  # five from stock, a thousand lots of one
        (1_006, None, ("supply_short", "node:X-100@halden", 9, 1_001, None)),
    ],
)
def test_what_would_take_more_than_a_thousand_lots_is_not_brought_on_any_day(
    asked: int, day: int | None, told: tuple[str, str, int, int, int | None] | None
) -> None:
    world = World(MAKER, term(lot_max=1), stock={"X-100": "+5 now"})

    assert earliest(world.ask(f"{asked} X-100 d2")) == day
    if told is not None:
        assert limit(world, f"{asked} X-100 d9") == told


@pytest.mark.parametrize("made", [term(lot_min=3_000, lot_max=2), operation(lot_min=3_000, lot_max=2)])
def test_a_source_whose_smallest_order_is_more_than_a_thousand_lots_brings_nothing(made: Any) -> None:
    world = World(MAKER, made, stock={"X-100": "+5 now"})

    assert earliest(world.ask("5 X-100 d2")) == 2
    assert earliest(world.ask("6 X-100 d2")) is None


def test_what_takes_too_many_lots_is_ruled_out_before_it_is_tried() -> None:
    """Else each day up to the horizon would be tried in vain."""
    ctp = _ctp(World(MAKER, term(lot_max=1)), "10 X-100 d2")
    ctp.prepare((("X-100", "halden"),))

    assert ctp.next_try(1_000, "X-100", "halden", TODAY) == TODAY + 3
    assert ctp.next_try(1_001, "X-100", "halden", TODAY) is None
    assert ctp.may_bring("X-100", "halden", TODAY + 3)

    never = _ctp(World(MAKER, term(lot_min=3_000, lot_max=2)), "10 X-100 d2")
    never.prepare((("X-100", "halden"),))
    assert never.possible_on(10, "X-100", "halden") is None
    assert not never.may_bring("X-100", "halden", TODAY + 30)


# --- ways ---


def test_the_first_way_is_the_first_of_all_ways() -> None:
    world = World(LYON, leg("a", "halden", 1), leg("b", "lyon", 2))
    request = world.request("1 X-100 d4")
    case = Case(request, world.trial(request), world.graph, world.book, world.now)
    wish = Wish(case, case.look(), 0, request.lines[0])

    assert wish.first is wish.first
    assert [way.site for way in wish.ways] == ["halden", "lyon"]
    assert wish.ways[0] is wish.first


def test_a_customer_who_never_receives_gets_nothing() -> None:
    world = World(
        NEVER, customer=msgspec.structs.replace(NORTHWIND, calendar="never"), stock={"X-100": "+50 now"}
    )

    assert limit(world, "10 X-100 d4") == ("lead_time_too_long", "node:X-100@halden", 365, 10, None)
    assert offers(world.ask("10 X-100 d4")) == []


def test_a_third_site_is_not_asked_for_what_two_bring() -> None:
    stock = {"X-100": "+6 now", "X-100@lyon": "+6 now", "X-100@oslo": "+6 now"}
    world = World(LYON, OSLO, leg("a", "halden", 0), leg("b", "lyon", 0), leg("c", "oslo", 0), stock=stock)

    assert offers(world.ask("12 X-100 d4"))[0] == "split_site: 6 d4 + 6 d4 lyon"
    assert offers(world.ask("13 X-100 d4"))[0] == "split_site: 6 d4 + 6 d4 lyon + 1 d4 oslo"


def test_a_site_that_cannot_be_there_by_then_brings_no_part() -> None:
    stock = {"X-100": "+6 now", "X-100@lyon": "+6 now", "X-100@oslo": "+6 now"}
    world = World(LYON, OSLO, leg("a", "halden", 0), leg("b", "lyon", 9), leg("c", "oslo", 0), stock=stock)

    assert offers(world.ask("12 X-100 d4"))[0] == "split_site: 6 d4 + 6 d4 oslo"


@pytest.mark.parametrize(("scale", "kinds"), [(1, ["substitute"]), (10, [])])
def test_a_substitute_in_another_unit_stands_in_for_nothing(scale: int, kinds: list[str]) -> None:
    world = World(
        Item(id="X-200", name="X-200", scale=scale),
        Substitute(id="s", item="X-100", other="X-200"),
        stock={"X-200": "+50 now"},
        customer=msgspec.structs.replace(NORTHWIND, may_substitute=True),
    )

    assert [option.kind for option in world.ask("10 X-100 d4").options] == kinds


def test_all_together_waits_for_the_way_that_takes_longest() -> None:
    """The pump may leave from two sites, of which one cannot be there on the first day that the other line can."""
    world = World(
        LYON, leg("a", "halden", 1), leg("b", "lyon", 5), Item(id="Y", name="Y"),
        stock={"X-100": "+2 now", "X-100@lyon": "+50 now", "Y": "+5 now"},
    )  # fmt: skip

    found = world.ask("10 X-100 d2", "5 Y d2", ship_complete=True)

    assert offers(found) == ["ship_complete: 10 d5 lyon + 5 Y d5"]


def test_of_two_ways_the_one_that_is_there_sooner_is_counted_on() -> None:
    world = World(NEVER, msgspec.structs.replace(LYON, calendar="never"), leg("a", "halden", 1), leg("b", "lyon", 1), Item(id="Y", name="Y"), stock={"X-100": "+2 now, +8 d7", "Y": "+5 now"})  # fmt: skip

    found = world.ask("10 X-100 d2", "5 Y d2", ship_complete=True)

    assert offers(found) == ["ship_complete: 10 d8 + 5 Y d8"]


@pytest.mark.parametrize(
    ("first", "last", "day"), [(0, 9, 3), (3, 3, 3), (4, 9, 4), (0, 2, None), (None, 9, None)]
)
def test_the_soonest_day_is_looked_for_between_the_first_and_the_last(
    first: int | None, last: int, day: int | None
) -> None:
    world = World(leg("a", "halden", 1), stock={"X-100": "+10 d2"})
    request = world.request("10 X-100 d0")
    case = Case(request, world.trial(request), world.graph, world.book, world.now)
    wish = Wish(case, case.look(), 0, request.lines[0])

    found = soonest(
        case.look(), wish, wish.first, 10, None if first is None else TODAY + first, TODAY + last, 0
    )

    assert (None if found is None else found[1] - TODAY) == day


# --- what nearest source is told of ---


def test_of_two_that_take_too_long_the_nearer_is_told_of() -> None:
    slow = term(id="t2", lead_days=9, priority=2)

    assert limit(World(MAKER, term(), slow), "10 X-100 d2") == (
        "lead_time_too_long",
        "node:X-100@halden",
        2,
        10,
        3,
    )
    assert limit(World(MAKER, term(lead_days=12), slow), "10 X-100 d2")[4] == 9


def test_of_two_that_nearly_could_the_first_is_told_of() -> None:
    """Each looks as if two steps might share the first day, and each finds when it is tried that they do not."""
    machines = tuple(Resource(id=name, name=name, site="halden", calendar="new") for name in ("a", "b"))
    made = tuple(
        operation(id=name, priority=n, steps=tuple(Step(loads=(Load(resource=name),), setup_minutes=300) for _ in range(2)))
        for n, name in enumerate(("a", "b"), 1)
    )  # fmt: skip
    world = World(FROM_TODAY, *machines, *made)

    assert limit(world, "10 X-100 d1")[:2] == ("lead_time_too_long", "node:X-100@halden")
    assert earliest(world.ask("10 X-100 d1")) == 2


def test_what_needs_something_that_is_nowhere_is_never_made() -> None:
    world = World(MOTOR, operation(inputs=(Input(item="motor", quantity=1),)))
    ctp = _ctp(world, "10 X-100 d9")
    ctp.prepare((("X-100", "halden"),))

    assert ctp.bounds is not None
    assert ctp.bounds.of(world.graph.operations["o"], 10) is None


@pytest.mark.parametrize(("until", "day"), [(0, None), (1, 2), (None, 2)])
def test_what_may_no_longer_be_made_is_not(until: int | None, day: int | None) -> None:
    made = operation(lead_days=2, until_on=None if until is None else TODAY + until)

    assert earliest(World(made).ask("10 X-100 d1")) == day


def test_what_needs_something_that_never_comes_is_never_made() -> None:
    world = World(MOTOR, operation(inputs=(Input(item="motor", quantity=1),)), stock={"X-100": "+5 now"})

    assert limit(world, "10 X-100 d9")[:2] == ("no_source", "node:motor@halden")
    assert earliest(world.ask("10 X-100 d9")) is None


def test_lots_that_expire_are_looked_at_day_by_day() -> None:
    world = World(operation(lead_days=2), stock={"X-100": "+5 now x30, +4 d3 x30, +4 d9 x30"})

    assert earliest(world.ask("9 X-100 d1")) == 2  # made
    assert earliest(World(stock={"X-100": "+5 now x30, +4 d3 x30"}).ask("9 X-100 d1")) == 3


@pytest.mark.parametrize(("pieces", "day"), [(1_440, 3), (1_441, None), (9_000, None)])
def test_work_beyond_the_horizon_is_not_counted_on(pieces: int, day: int | None) -> None:
    line = Resource(id="line", name="Line", site="halden", calendar="week")
    made = operation(steps=(Step(loads=(Load(resource="line"),), run_seconds=60),))

    found = World(line, made, rules=Rules(horizon_days=3)).ask(f"{pieces} X-100 d1")

    assert earliest(found) == day


def test_one_of_two_units_works_no_more_than_a_day_on_a_day() -> None:
    line = Resource(id="line", name="Line", site="halden", calendar="week", units=2)
    steps = tuple(Step(loads=(Load(resource="line"),), setup_minutes=480) for _ in range(2))

    assert earliest(World(line, operation(steps=steps)).ask("1 X-100 d1")) == 2


# --- several sites, several lines ---


def test_only_the_first_other_site_that_has_it_is_offered() -> None:
    stock = {"X-100@lyon": "+9 now", "X-100@oslo": "+9 now"}
    world = World(LYON, OSLO, leg("a", "halden", 0), leg("b", "lyon", 0), leg("c", "oslo", 0), stock=stock)

    assert offers(world.ask("9 X-100 d4")) == ["other_site: 9 d4 lyon"]


def test_where_quantity_and_day_are_the_same_they_are_not_said_again() -> None:
    world = World(
        LYON, MAKER, term(), leg("a", "halden", 0), leg("b", "lyon", 0), stock={"X-100@lyon": "+9 now"}
    )

    found = world.ask("9 X-100 d4")

    assert offers(found) == ["buy: 9 d4", "other_site: 9 d4 lyon"]
    assert [option.difference for option in found.options] == [
        "all on Fri 5 Mar 2027; bought for this",
        "from Lyon",
    ]


FENCED = Rights(rights=(Right(id="f", then=Answer.allow, inside_fence=True),))


@pytest.mark.parametrize(
    ("site", "rights", "expected"),
    [
        ("halden", FENCED, ["inside_fence: 9 d3", "later: 9 d8"]),
        ("lyon", FENCED, ["inside_fence: 9 d3 lyon", "later: 9 d8 lyon"]),  # from whichever can
        ("halden", None, ["later: 9 d8"]),
        ("halden", Rights(rights=(Right(id="f", then=Answer.allow),)), ["later: 9 d8"]),
    ],
)
def test_work_inside_the_fence_is_offered_where_somebody_has_the_right_to_it(
    site: str, rights: Rights | None, expected: list[str]
) -> None:
    made = operation(site=site, lead_days=3)
    world = World(
        LYON, made, leg("a", "halden", 0), leg("b", "lyon", 0), rules=Rules(fence_days=5), rights=rights
    )

    assert offers(world.ask("9 X-100 d3")) == expected


def test_nothing_is_offered_inside_the_fence_that_takes_too_long_anyway() -> None:
    world = World(operation(lead_days=9), rules=Rules(fence_days=5), rights=FENCED)

    assert [option.kind for option in world.ask("9 X-100 d3").options] == ["later"]


Y = Item(id="Y", name="Y")


def test_an_order_with_no_way_to_the_customer_is_not_put_together() -> None:
    far = msgspec.structs.replace(NORTHWIND, ship_to="north")
    world = World(
        Y, leg("a", "halden", 1, ship_to="south"), customer=far, stock={"X-100": "+9 now", "Y": "+9 now"}
    )

    found = world.ask("9 X-100 d4", "9 Y d4", ship_complete=True)

    assert (offers(found), found.refusals[0]) == ([], Refusal.no_way_to_the_customer)


def test_an_order_with_a_line_that_never_comes_is_not_put_together() -> None:
    found = World(Y, stock={"X-100": "+9 now"}).ask("9 X-100 d4", "9 Y d4", ship_complete=True)

    assert (offers(found), [line.on for line in found.lines]) == ([], [TODAY + 4, None])


def test_an_order_comes_together_on_a_day_on_which_something_is_received() -> None:
    weekdays_only = msgspec.structs.replace(NORTHWIND, calendar="week")
    world = World(Y, leg("a", "halden", 0), customer=weekdays_only, stock={"X-100": "+9 now", "Y": "+9 now"})

    assert offers(world.ask("9 X-100 d5", "9 Y d5", ship_complete=True)) == ["ship_complete: 9 d7 + 9 Y d7"]


def test_what_another_line_took_comes_from_a_site_that_takes_longer() -> None:
    stock = {"X-100": "+9 now", "X-100@lyon": "+9 now"}
    world = World(LYON, leg("a", "halden", 0), leg("b", "lyon", 5), stock=stock)

    assert offers(world.ask("9 X-100 d2", "9 X-100 d2", ship_complete=True)) == [
        "ship_complete: 9 d5 + 9 d5 lyon"
    ]


def test_where_nothing_is_received_after_the_day_nothing_more_is_tried() -> None:
    once = CalendarRecord(
        id="once",
        calendar=Calendar(
            name="once",
            default_minutes=0,
            rules=(CalendarRule(from_on=TODAY + 2, until_on=TODAY + 3, weekdays=127, minutes=1, priority=0),),
        ),
    )
    customer = msgspec.structs.replace(NORTHWIND, calendar="once")
    world = World(once, leg("a", "halden", 0), customer=customer, stock={"X-100": "+9 now, +9 d5"})

    assert offers(world.ask("9 X-100 d2", "9 X-100 d2", ship_complete=True)) == []


# --- until when ---


@pytest.mark.parametrize(("minutes", "until"), [(480, 1), (481, 2), (960, 2), (961, 3)])
def test_it_says_until_when_the_work_would_be_done(minutes: int, until: int) -> None:
    line = Resource(id="line", name="Line", site="halden", calendar="week")
    made = operation(steps=(Step(loads=(Load(resource="line"),), setup_minutes=minutes),))

    assert limit(World(line, made), "9 X-100 d0")[4] == until


def test_of_sources_that_nearly_could_the_first_is_told_of_whichever_they_are() -> None:
    """The machine's two steps do not share its first day, and the lane's two lots do not share its one."""
    line = Resource(id="line", name="Line", site="halden", calendar="new")
    steps = tuple(Step(loads=(Load(resource="line"),), setup_minutes=300) for _ in range(2))
    made, moved = operation(steps=steps), lane(lot_max=5, transit_days=1)
    stock = {"X-100@lyon": "+5 now"}

    def told(first: int, second: int) -> str:
        records = (
            msgspec.structs.replace(made, priority=first),
            msgspec.structs.replace(moved, priority=second),
        )
        return limit(World(LYON, FROM_TODAY, line, *records, stock=stock), "10 X-100 d1 @halden")[1]

    assert told(1, 2) == "node:X-100@halden"
    assert told(2, 1) == "node:X-100@lyon"


def test_the_receipt_that_is_waited_for_is_named_although_a_source_was_tried() -> None:
    world = World(MAKER, term(lead_days=30), stock={"X-100": "+10 d7 PO-1"})

    found = world.ask("10 X-100 d4").lines[0].limit

    assert found == Limit(
        why=Refusal.supply_short, key="node:X-100@halden", on=TODAY + 4, short=10, until=TODAY + 7, ref="PO 1"
    )


def test_waiting_for_the_receipt_is_told_of_where_a_source_looked_nearer() -> None:
    line = Resource(id="line", name="Line", site="halden", calendar="new")
    made = operation(steps=tuple(Step(loads=(Load(resource="line"),), setup_minutes=300) for _ in range(2)))
    world = World(FROM_TODAY, line, made, stock={"X-100": "+10 d2 PO-1"})

    assert limit(world, "10 X-100 d1") == ("supply_short", "node:X-100@halden", 1, 10, 2)


def test_lanes_in_a_circle_name_the_last_node_before_it_closes() -> None:
    there, back = lane(), lane(id="b", origin="halden", destination="lyon")
    ctp = _ctp(World(LYON, there, back), "10 X-100 d9")

    found = ctp.cover(10, "X-100", "halden", TODAY + 9, explains=True)

    assert isinstance(found, Short)
    assert (found.limit.why, found.limit.key) == (Refusal.no_source, "node:X-100@lyon")


@pytest.mark.parametrize(("day", "until"), [(365, 365), (366, None)])
def test_a_receipt_beyond_the_horizon_relieves_nothing(day: int, until: int | None) -> None:
    assert limit(World(stock={"X-100": f"+4 now, +10 d{day}"}), "10 X-100 d4")[4] == until


def test_the_evidence_is_what_is_there_and_what_is_brought() -> None:
    (piece,) = (
        World(MAKER, term(lot_min=8), stock={"X-100": "+4 now, +1 d2 PO-1"})
        .ask("10 X-100 d4")
        .options[0]
        .pieces
    )

    assert [(row.source, row.quantity, row.on - TODAY) for row in piece.evidence] == [
        ("on hand", 4, 0), ("PO 1", 1, 2), ("buy:t", 8, 4),
    ]  # fmt: skip
    assert piece.from_stock == 5


def test_a_way_that_takes_too_long_is_told_of_rather_than_one_that_leads_in_a_circle() -> None:
    there, back = lane(), lane(id="b", origin="halden", destination="lyon", priority=1)
    made = operation(site="lyon", lead_days=30, priority=2)
    ctp = _ctp(World(LYON, there, back, made), "10 X-100 d9")

    found = ctp.cover(10, "X-100", "halden", TODAY + 9, explains=True)

    assert isinstance(found, Short)
    assert (found.limit.why, found.limit.key) == (Refusal.lead_time_too_long, "node:X-100@lyon")
