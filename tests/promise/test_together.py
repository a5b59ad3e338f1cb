"""Work that keeps several resources busy at once: a machine and its operator, read aloud.

Days count from today, Monday 1 March 2027; a job is done on the day before it is asked for, or earlier.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.promise.decide_world import TODAY, World, offers

from accord.kit.calendars import Calendar, CalendarRule, weekdays
from accord.ledger.model import CalendarRecord, Companion, Load, Operation, Record, Resource, Step
from accord.promise.model import Decision, Make, Refusal

CALENDARS = tuple(
    CalendarRecord(id=name, calendar=weekdays(minutes)) for name, minutes in (("short", 300), ("long", 960))
)


def saw(calendar: str | None = "week", **more: Any) -> Resource:
    return Resource(id="saw", name="Saw", site="halden", calendar=calendar, **more)


def man(calendar: str | None = "week", **more: Any) -> Resource:
    return Resource(id="man", name="Operator", site="halden", calendar=calendar, **more)


def job(*loads: Load, run: int = 60, **more: Any) -> Operation:
    """`run` minutes a pump."""
    step = Step(loads=loads or (both(),), run_seconds=60 * run)
    return Operation(id="o", item="X-100", site="halden", steps=(step,), **more)


def both(saws: int = 1, men: int = 1, priority: int = 1, also: str = "man") -> Load:
    return Load(resource="saw", units=saws, priority=priority, also=(Companion(resource=also, units=men),))


def world(*records: Record, **used: str) -> World:
    return World(*CALENDARS, *records, used={f"resource:{name}": steps for name, steps in used.items()})


def made(decision: Decision) -> Make:
    """What the first option that keeps the day makes."""
    (receipt,) = next(option for option in decision.options if option.in_full_on_time).makes
    return receipt


def drawn(receipt: Make, kind: str = "resource") -> dict[str, dict[int, int]]:
    """Minutes drawn by resource and day from today."""
    found: dict[str, dict[int, int]] = {}
    for take in receipt.takes:
        prefix, _, name = take.key.partition(":")
        if prefix == kind:
            days = found.setdefault(name, {})
            days[take.on - TODAY] = days.get(take.on - TODAY, 0) + take.quantity
    return found


def words(days: dict[int, int]) -> str:
    """ "480 d3, 120 d2": the latest day first."""
    return ", ".join(f"{minutes} d{day}" for day, minutes in sorted(days.items(), reverse=True))


# 10 pumps of an hour each, asked for Friday (d4): 600 minutes up to Thursday (d3).
@pytest.mark.parametrize(
    ("one", "other", "used", "minutes"),
    [
        (saw(), man(), {}, "480 d3, 120 d2"),
        (saw(), man("short"), {}, "300 d3, 300 d2"),  # no longer than the one who is there the shortest
        (saw(), man(None), {}, "480 d3, 120 d2"),
        (saw(), man(), {"man": "-400 d3"}, "80 d3, 480 d2, 40 d1"),  # no more than the one has free …
        (saw(), man(), {"saw": "-400 d3"}, "80 d3, 480 d2, 40 d1"),  # … or the other
        (saw(), man(), {"man": "-480 d3", "saw": "-480 d1"}, "480 d2, 120 d0"),
        (saw(), man(), {"man": "-400 d3", "saw": "-450 d3"}, "30 d3, 480 d2, 90 d1"),
    ],
    ids=[
        "both free", "he works less", "he is always there", "he is busy", "the saw is busy", "each on a day",
        "both are busy",
    ],
)  # fmt: skip
def test_a_day_holds_what_the_one_has_that_has_least(
    one: Resource, other: Resource, used: dict[str, str], minutes: str
) -> None:
    decision = world(one, other, job(), **used).ask("10 X-100 d4")

    assert offers(decision) == ["make: 10 d4"]
    assert {name: words(days) for name, days in drawn(made(decision)).items()} == {
        "saw": minutes,
        "man": minutes,
    }


@pytest.mark.parametrize(
    ("saws", "men", "load", "drawn_by_saw", "drawn_by_men"),
    [
        (1, 3, (1, 2), "480 d3, 120 d2", "960 d3, 240 d2"),  # a third man stands by
        (2, 3, (2, 3), "960 d3, 240 d2", "1440 d3, 360 d2"),
        (1, 1, (1, 2), None, None),  # two men are nowhere
        (1, 2, (2, 1), None, None),  # two saws neither
    ],
)
def test_each_gives_so_many_units(
    saws: int, men: int, load: tuple[int, int], drawn_by_saw: str | None, drawn_by_men: str | None
) -> None:
    decision = world(saw(units=saws), man(units=men), job(both(*load))).ask("10 X-100 d4")

    if drawn_by_saw is None:
        assert offers(decision) == []
    else:
        assert {name: words(days) for name, days in drawn(made(decision)).items()} == {
            "saw": drawn_by_saw,
            "man": drawn_by_men,
        }


def test_what_is_free_of_several_units_is_shared_by_the_job() -> None:
    # Of three men's 1440 minutes 500 are taken on Thursday: 940 are free, 470 for each of two.
    decision = world(saw(), man(units=3), job(both(1, 2)), man="-500 d3").ask("10 X-100 d4")

    assert {name: words(days) for name, days in drawn(made(decision)).items()} == {
        "saw": "470 d3, 130 d2",
        "man": "940 d3, 260 d2",
    }


def test_nobody_works_where_one_is_closed() -> None:
    rule = CalendarRule(from_on=None, until_on=None, weekdays=0b10, minutes=480, priority=0)
    tuesdays = CalendarRecord(
        id="tuesdays", calendar=Calendar(name="tuesdays", default_minutes=0, rules=(rule,))
    )

    decision = world(saw(), man("tuesdays"), tuesdays, job()).ask("10 X-100 d14")

    assert drawn(made(decision)) == {"saw": {8: 480, 1: 120}, "man": {8: 480, 1: 120}}


def test_an_earlier_step_has_the_room_of_the_one_that_is_there_the_shortest() -> None:
    # The press works long days and the mould is there for 300 minutes; 200 of Thursday go to the step that follows.
    press = Resource(id="press", name="Press", site="halden", calendar="long")
    mould = Resource(id="mould", name="Mould", site="halden", calendar="short")
    pressing = Load(resource="press", also=(Companion(resource="mould"),))
    made_of = Operation(
        id="o", item="X-100", site="halden",
        steps=(Step(loads=(pressing,), run_seconds=1_500), Step(loads=(Load(resource="man"),), run_seconds=1_200)),
    )  # fmt: skip

    decision = world(press, mould, man(), made_of).ask("10 X-100 d4")

    assert drawn(made(decision)) == {
        "man": {3: 200},
        "press": {3: 100, 2: 150},
        "mould": {3: 100, 2: 150},
    }


# --- which load ---

MATE = Resource(id="mate", name="Mate", site="halden", calendar="week")


@pytest.mark.parametrize(
    ("loads", "used", "who"),
    [
        ((both(also="man"), both(also="mate")), {}, "man"),  # equal: as stated
        ((both(also="mate"), both(also="man")), {}, "mate"),
        ((both(also="man", priority=2), both(also="mate")), {}, "mate"),
        ((both(also="man"), both(also="mate")), {"man": "-480 d0, -480 d1, -480 d2, -480 d3"}, "mate"),
    ],
    ids=["as stated", "as stated the other way", "the preferred", "the first with room"],
)
def test_a_machine_may_have_one_operator_or_another(
    loads: tuple[Load, ...], used: dict[str, str], who: str
) -> None:
    decision = world(saw(), man(), MATE, job(*loads), **used).ask("10 X-100 d4")

    assert drawn(made(decision)) == {"saw": {3: 480, 2: 120}, who: {3: 480, 2: 120}}


# --- what is named as lacking ---


@pytest.mark.parametrize(
    ("loads", "used", "key", "short"),
    [
        ((), {"man": "-400 d1, -400 d0"}, "resource:man", 440),
        ((), {"saw": "-400 d1, -400 d0"}, "resource:saw", 440),
        ((), {"saw": "-400 d1, -300 d0", "man": "-400 d0"}, "resource:saw", 440),
        ((), {"saw": "-400 d0", "man": "-400 d1, -300 d0"}, "resource:man", 440),
        ((), {"saw": "-480 d0, -100 d1", "man": "-480 d1, -100 d0"}, "resource:saw", 600),  # equal: its own first
        ((both(), both(also="mate")), {"man": "-400 d1, -400 d0", "mate": "-300 d1, -300 d0"}, "resource:mate", 240),
    ],
    ids=["the man", "the saw", "the saw more", "the man more", "each on a day", "of the load that lacks least"],
)  # fmt: skip
def test_the_resource_that_lacks_most_is_named(
    loads: tuple[Load, ...], used: dict[str, str], key: str, short: int
) -> None:
    decision = world(saw(), man(), MATE, job(*loads), **used).ask("10 X-100 d2")

    limit = decision.lines[0].limit
    assert limit is not None
    assert (limit.why, limit.key, limit.short) == (Refusal.capacity_full, key, short)


def test_capacity_is_full_only_where_all_would_have_room_if_nobody_else_worked() -> None:
    # He is there for 300 minutes a day: 600 in two days, whatever the saw could do.
    def why(pumps: int, **used: str) -> tuple[Refusal, str] | None:
        limit = world(saw(), man("short"), job(), **used).ask(f"{pumps} X-100 d2").lines[0].limit
        return (limit.why, limit.key) if limit is not None else None

    assert why(10) is None
    assert why(10, saw="-200 d0") == (Refusal.capacity_full, "resource:saw")
    assert why(11) == (Refusal.lead_time_too_long, "node:X-100@halden")


# --- overtime ---


@pytest.mark.parametrize(
    ("one", "other", "used", "by_saw", "by_man"),
    [
        # (regular, overtime) minutes today, when as much is made as can be by tomorrow
        (saw(overtime_minutes=60), man(overtime_minutes=120), {}, (480, 60), (480, 60)),
        (saw(overtime_minutes=60), man(), {}, (480, 0), (480, 0)),
        (saw(), man(overtime_minutes=120), {}, (480, 0), (480, 0)),
        (saw(overtime_minutes=60), man("long"), {}, (480, 60), (540, 0)),
        (saw(overtime_minutes=60), man(None), {}, (480, 60), (540, 0)),
        (saw("short", overtime_minutes=300), man(overtime_minutes=60), {}, (300, 240), (480, 60)),
        (saw(overtime_minutes=60), man(overtime_minutes=60), {"resource:saw": "-400 d0"}, (80, 60), (80, 60)),
        (saw(overtime_minutes=60), man("long"), {"resource:man": "-460 d0"}, (480, 20), (500, 0)),
        (saw(overtime_minutes=60), man(overtime_minutes=60), {"overtime:man": "-50 d0"}, (480, 10), (480, 10)),
    ],
    ids=[
        "both have some", "he has none", "the saw has none", "he is there longer", "he is always there",
        "he is there longer and has some", "his free time beside a busy saw is none after it", "little is left of his longer day",
        "little is left of his overtime",
    ],
)  # fmt: skip
def test_overtime_is_only_where_all_have_minutes_then(
    one: Resource,
    other: Resource,
    used: dict[str, str],
    by_saw: tuple[int, int],
    by_man: tuple[int, int],
) -> None:
    most = sum(by_saw)

    scene = World(*CALENDARS, one, other, job(run=1), used=used)
    enough, more = scene.ask(f"{most} X-100 d1"), scene.ask(f"{most + 1} X-100 d1")

    assert sum(by_man) == most
    receipt = made(enough)
    regular, overtime = drawn(receipt), drawn(receipt, "overtime")
    assert (regular["saw"][0], overtime.get("saw", {}).get(0, 0)) == by_saw
    assert (regular["man"][0], overtime.get("man", {}).get(0, 0)) == by_man
    assert not any(option.in_full_on_time for option in more.options)


def test_overtime_begins_where_what_is_free_of_several_units_ends() -> None:
    # Of three men's 1440 minutes 500 are taken: 470 are free for each of two, then each has an hour of overtime.
    scene = world(
        saw(overtime_minutes=60), man(units=3, overtime_minutes=60), job(both(1, 2), run=1), man="-500 d0"
    )

    receipt = made(scene.ask("530 X-100 d1"))

    assert drawn(receipt) == {"saw": {0: 470}, "man": {0: 940}}
    assert drawn(receipt, "overtime") == {"saw": {0: 60}, "man": {0: 120}}
    assert not any(option.in_full_on_time for option in scene.ask("531 X-100 d1").options)


def test_the_overtime_of_each_is_paid() -> None:
    one = saw(overtime_minutes=60, overtime_cost_minor=50)
    other = man(overtime_minutes=60, overtime_cost_minor=7, units=2)

    decision = World(one, other, job(both(1, 2), run=1)).ask("500 X-100 d1")

    # 20 minutes of the saw and of each of two men.
    assert made(decision).cost_minor == 20 * 50 + 40 * 7
