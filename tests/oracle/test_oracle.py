"""The oracle itself is right: worked by hand, one rule a line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.cover import cover, lots, shift
from tests.oracle.line import earliest
from tests.oracle.world import Record, Rows, World, node

MON = datetime(2027, 3, 1, 9, tzinfo=UTC)
TODAY = MON.toordinal()
NOW = int(MON.timestamp()) * 1_000_000
WEEK = {"id": "week", "calendar": {"name": "week", "default_minutes": 0, "rules": [
    {"from_on": None, "until_on": None, "weekdays": 31, "minutes": 480, "priority": 0}]}}  # fmt: skip
RULES = {"horizon_days": 40, "depth_max": 3, "fence_days": 0}


def world(*, site: str | None = None, **kinds: list[Record]) -> World:
    found = {kind: {record["id"]: record for record in records} for kind, records in kinds.items()}
    found["calendar"] = {"week": WEEK}
    found["site"] = {name: {"id": name, "calendar": site} for name in ("a", "b")}
    found["item"] = {name: {"id": name} for name in ("pump", "motor", "seal")}
    return World(found, RULES, NOW)


def stock(*supply: tuple[str, int, int], draws: tuple[tuple[str, int, int], ...] = ()) -> Rows:
    rows = Rows()
    for name, day, quantity in supply:
        rows.add(name, day, quantity)
    for name, day, quantity in draws:
        rows.take(name, day, quantity)
    return rows


def first(of: World, rows: Rows, quantity: int, item: str = "pump", requested: int = 0) -> int | str:
    """Days from today to the earliest delivery, or the refusal."""
    line = {"item": item, "quantity": quantity, "requested_on": TODAY + requested, "site": "a"}
    answer = earliest(of, rows, None, line)
    return answer.refusal or min(answer.on) - TODAY


PUMP = node("pump", "a")
MOTOR = node("motor", "a")


@pytest.mark.parametrize(
    ("quantity", "day"),
    [(20, 0), (21, 14), (70, 14), (71, "not_within_the_horizon")],
    ids=["all that breaks no later promise", "one more waits", "all there is", "more than there is"],
)
def test_stock_is_promised_looking_ahead(quantity: int, day: int | str) -> None:
    # 100 in stock, 50 more on day 14; 70 promised for today and 10 for day 13: 20 are left until day 14.
    rows = stock((PUMP, 0, 100), (PUMP, TODAY + 14, 50), draws=((PUMP, TODAY, 70), (PUMP, TODAY + 13, 10)))

    assert first(world(), rows, quantity) == day


def test_buying_counts_the_suppliers_open_days() -> None:
    term = {"id": "t", "item": "pump", "site": "a", "supplier": "s", "lead_days": 5}
    supplier = {"id": "s", "calendar": "week"}

    # Ordered on Monday, five working days later is Monday.
    assert first(world(term=[term], supplier=[supplier]), stock(), 1) == 7


def test_a_supplier_with_a_limit_delivers_no_more_a_day() -> None:
    term = {"id": "t", "item": "pump", "site": "a", "supplier": "s", "lead_days": 2}
    supplier = {"id": "s", "capacity": 4}

    of = world(term=[term], supplier=[supplier])

    assert first(of, stock(), 12) == 2
    # It is ordered a day before its lead time asks for, to have a fourth day of capacity.
    assert first(of, stock(), 13) == 3


def test_moving_takes_from_the_other_site_as_late_as_it_can() -> None:
    lane = {"id": "l", "item": "pump", "origin": "b", "destination": "a", "transit_days": 3}
    rows = stock((node("pump", "b"), TODAY + 1, 5))

    assert first(world(lane=[lane]), rows, 5) == 4
    assert first(world(lane=[lane]), rows, 6) == "not_within_the_horizon"


def test_making_works_backward_through_free_minutes_and_takes_components_when_it_starts() -> None:
    saw = {"id": "saw", "site": "a", "calendar": "week"}
    make = {
        "id": "m", "item": "pump", "site": "a", "inputs": [{"item": "motor", "quantity": 2}],
        "steps": [{"loads": [{"resource": "saw"}], "setup_minutes": 60, "run_seconds": 3_600}],
    }  # fmt: skip
    of = world(site="week", resource=[saw], operation=[make])

    # 10 pumps are 660 minutes: Monday 480 and Tuesday 180, usable on Wednesday; the 20 motors are needed on Monday.
    assert first(of, stock((MOTOR, 0, 20)), 10) == 2
    # With the saw taken for 400 minutes on Monday the first day with motors and room is Tuesday.
    assert first(of, stock((MOTOR, 0, 20), draws=(("resource:saw", TODAY, 400),)), 10) == 3
    # Motors that come on Wednesday: Wednesday and Thursday, usable on Friday.
    assert first(of, stock((MOTOR, TODAY + 2, 20)), 10) == 4
    assert first(of, stock((MOTOR, 0, 19)), 10) == "not_within_the_horizon"


SAW = {"resource": "saw", "also": [{"resource": "man"}]}


def test_a_job_keeps_its_companions_busy_for_the_same_minutes() -> None:
    saw, man = {"id": "saw", "calendar": "week"}, {"id": "man", "calendar": "week"}
    steps = [{"loads": [SAW], "run_seconds": 3_600}]
    of = world(resource=[saw, man], operation=[{"id": "m", "item": "pump", "site": "a", "steps": steps}])

    # Ten hours: Monday 480 and Tuesday 120, usable on Wednesday.
    assert first(of, stock(), 10) == 2
    # He has 80 minutes on Monday: 80, 480 and 40.
    assert first(of, stock(draws=(("resource:man", TODAY, 400),)), 10) == 3
    # The saw on Monday and he on Tuesday: no day before Wednesday has both.
    rows = stock(draws=(("resource:saw", TODAY, 480), ("resource:man", TODAY + 1, 480)))
    assert first(of, rows.copy(), 10) == 4
    assert cover(of, rows, 10, "pump", "a", TODAY + 4)
    assert rows.draws["resource:saw"] == {TODAY: 480, TODAY + 2: 120, TODAY + 3: 480}
    assert rows.draws["resource:man"] == {TODAY + 1: 480, TODAY + 2: 120, TODAY + 3: 480}


amounts = st.tuples(st.integers(1, 8), st.integers(0, 4), st.integers(0, 9), st.integers(0, 4))


@given(st.lists(amounts, min_size=1, max_size=3), st.integers(1, 20), st.integers(0, 6))
def test_a_day_of_several_resources_is_what_a_clock_would_say(
    resources: list[tuple[int, int, int, int]], needed: int, spent: int
) -> None:
    """Minute by minute: together while all have regular ones, then each what it has while others are on overtime."""
    calendar = {
        f"c{n}": {"id": f"c{n}", "calendar": {"default_minutes": row[0]}} for n, row in enumerate(resources)
    }
    of = World({"calendar": calendar, "resource": {}}, RULES, NOW, expedite=True)
    busy, rows = [], stock()
    for n, (_, extra, used, overtime_used) in enumerate(resources):
        busy.append(({"id": f"r{n}", "calendar": f"c{n}", "overtime_minutes": extra}, 1))
        rows.take(f"resource:r{n}", TODAY, used)
        rows.take(f"overtime:r{n}", TODAY, overtime_used)
    regular = [max(0, opened - used) for opened, _, used, _ in resources]
    overtime = [max(0, extra - used) for _, extra, _, used in resources]
    longer = [row[0] - min(row[0] for row in resources) for row in resources]
    room = min(opened + extra for opened, extra, _, _ in resources) - spent
    drawn: dict[str, int] = {}
    worked = 0
    while worked < min(needed, room) and all(regular):
        worked += 1
        for n in range(len(resources)):
            regular[n] -= 1
            drawn[f"resource:r{n}"] = drawn.get(f"resource:r{n}", 0) + 1
    while worked < min(needed, room) and all(
        (regular[n] and longer[n]) or overtime[n] for n in range(len(resources))
    ):
        worked += 1
        for n in range(len(resources)):
            if regular[n] and longer[n]:
                regular[n], longer[n], key = regular[n] - 1, longer[n] - 1, f"resource:r{n}"
            else:
                overtime[n], key = overtime[n] - 1, f"overtime:r{n}"
            drawn[key] = drawn.get(key, 0) + 1

    some, found = shift(of, rows, busy, TODAY, needed, spent)

    assert max(0, some) == worked
    assert {key: quantity for key, _, quantity in found} == drawn


def test_a_component_is_taken_once() -> None:
    inputs = [{"item": "motor", "quantity": 1}, {"item": "seal", "quantity": 1}]
    pump = {"id": "m", "item": "pump", "site": "a", "inputs": inputs, "lead_days": 1}
    motor = {
        "id": "n",
        "item": "motor",
        "site": "a",
        "inputs": [{"item": "seal", "quantity": 1}],
        "lead_days": 1,
    }
    of = world(operation=[pump, motor])

    assert first(of, stock((node("seal", "a"), 0, 6)), 3) == 2
    assert first(of, stock((node("seal", "a"), 0, 5)), 3) == "not_within_the_horizon"


def test_a_failed_way_leaves_nothing_behind() -> None:
    ways = [
        {
            "id": "m",
            "item": "pump",
            "site": "a",
            "inputs": [{"item": "motor", "quantity": 1}, {"item": "seal", "quantity": 9}],
        },
        {"id": "n", "item": "pump", "site": "a", "inputs": [{"item": "motor", "quantity": 1}]},
    ]
    rows = stock((MOTOR, 0, 5))

    assert cover(world(operation=ways), rows, 5, "pump", "a", TODAY + 2)
    assert rows.draws[MOTOR] == {TODAY + 2: 5}


def test_an_item_is_not_moved_back_to_where_it_is_missing() -> None:
    lanes = [
        {"id": "l", "item": "pump", "origin": "b", "destination": "a", "transit_days": 0},
        {"id": "k", "item": "pump", "origin": "a", "destination": "b", "transit_days": 0},
    ]

    assert first(world(lane=lanes), stock((PUMP, 0, 3)), 4) == "not_within_the_horizon"


@pytest.mark.parametrize(
    ("record", "rest", "found"),
    [
        ({}, 7, [7]),
        ({"lot_min": 10}, 7, [10]),
        ({"lot_multiple": 4}, 7, [8]),
        ({"lot_min": 10, "lot_multiple": 4}, 7, [12]),
        ({"lot_max": 5}, 12, [5, 5, 2]),
        ({"lot_max": 5, "lot_multiple": 2}, 11, [4, 4, 4]),
        ({"lot_max": 5, "lot_min": 3}, 11, [5, 5, 3]),
    ],
)
def test_lots(record: Record, rest: int, found: list[int]) -> None:
    assert lots(record, rest) == found
