"""What can be made, moved and bought in time: the definition of docs/decision.md, rule by rule.

Days count from today, Monday 1 March 2027. Sites are open every day unless a table says "week".
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.promise.decide_world import HALDEN, LYON, TODAY, World, offers

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
    Supplier,
    Term,
)
from accord.policy.model import Rules
from accord.promise.decide.reply import ceil_div, half_up, lots
from accord.promise.model import Decision, Make, Refusal

MOTOR = Item(id="motor", name="Motor", cost_minor=300)
SEAL = Item(id="seal", name="Seal", cost_minor=10)
MAKER = Supplier(id="s", name="Brenner")
WEEKLY_SITE = msgspec.structs.replace(HALDEN, calendar="week")


def term(**more: Any) -> Term:
    return Term(**{"id": "t", "item": "X-100", "site": "halden", "supplier": "s", "lead_days": 3, **more})


def lane(**more: Any) -> Lane:
    return Lane(
        **{"id": "l", "item": "X-100", "origin": "lyon", "destination": "halden", "transit_days": 2, **more}
    )


def operation(**more: Any) -> Operation:
    return Operation(**{"id": "o", "item": "X-100", "site": "halden", **more})


def earliest(decision: Decision) -> int | None:
    """Days from today to the earliest day in full."""
    on = decision.lines[0].on
    return None if on is None else on - TODAY


def shown(receipt: Make) -> tuple[str, int, int, int]:
    """(source, quantity, start, usable), in days from today."""
    return (receipt.source, receipt.quantity, receipt.starts_on - TODAY, receipt.on - TODAY)


# --- lots ---


@pytest.mark.parametrize(
    ("rest", "lot_min", "multiple", "lot_max", "expected"),
    [
        (7, 1, 1, None, [7]),
        (7, 10, 1, None, [10]),
        (11, 10, 4, None, [12]),
        (7, 10, 4, None, [12]),  # the smallest lot itself is rounded up
        (7, 0, 5, None, [10]),
        (25, 1, 1, 10, [10, 10, 5]),
        (25, 1, 4, 10, [8, 8, 8, 4]),  # the largest lot is rounded down
        (21, 6, 1, 10, [10, 10, 6]),  # a rest is raised to the smallest lot
        (21, 5, 4, 10, [8, 8, 8]),
        (10, 1, 1, 10, [10]),
        (9, 1, 5, 12, [10]),
        (10_000, 1, 1, 10, [10] * 1_000),
        (10_001, 1, 1, 10, []),  # so many are a plan and no promise
        (10**12, 1, 1, 1, []),
    ],
)
def test_lots(rest: int, lot_min: int, multiple: int, lot_max: int | None, expected: list[int]) -> None:
    assert lots(term(lot_min=lot_min, lot_multiple=multiple, lot_max=lot_max), rest) == expected


def test_division_rounds_as_it_says() -> None:
    assert [ceil_div(n, 3) for n in (0, 1, 3, 4)] == [0, 1, 1, 2]
    assert [half_up(n, 4) for n in (0, 1, 2, 3, 5, 6)] == [0, 0, 1, 1, 1, 2]


# --- buy ---


@pytest.mark.parametrize(
    ("more", "supplier", "site", "asked", "expected"),
    [
        ({}, {}, HALDEN, 5, ("buy:t", 10, 2, 5)),  # as late as it can be
        ({"lead_days": 0}, {}, HALDEN, 5, ("buy:t", 10, 5, 5)),
        ({"lead_days": 5}, {"calendar": "week"}, HALDEN, 7, ("buy:t", 10, 0, 7)),  # five of its working days
        ({"lead_days": 2}, {"calendar": "week"}, HALDEN, 6, ("buy:t", 10, 2, 4)),  # in on Friday for Sunday
        ({"lead_days": 2}, {}, WEEKLY_SITE, 8, ("buy:t", 10, 6, 8)),
        ({"lead_days": 2}, {}, WEEKLY_SITE, 7, ("buy:t", 10, 5, 7)),  # ready on Monday
        ({"lot_min": 25}, {}, HALDEN, 5, ("buy:t", 25, 2, 5)),
        ({"until_on": TODAY + 1}, {}, HALDEN, 9, ("buy:t", 10, 0, 3)),  # ordered while it is in force
        ({"from_on": TODAY + 2}, {}, HALDEN, 5, ("buy:t", 10, 2, 5)),
    ],
)
def test_an_order_is_placed_as_late_as_it_can_be(
    more: dict[str, Any],
    supplier: dict[str, Any],
    site: Site,
    asked: int,
    expected: tuple[str, int, int, int],
) -> None:
    world = World(site, term(**more), Supplier(id="s", name="S", **supplier))

    decision = world.ask(f"10 X-100 d{asked}")

    assert offers(decision) == [f"buy: 10 d{asked}"]
    assert [shown(receipt) for receipt in decision.options[0].makes] == [expected]


@pytest.mark.parametrize(
    ("more", "rules", "day", "why"),
    [
        ({}, Rules(), 3, Refusal.lead_time_too_long),
        ({"fence_days": 4}, Rules(), 7, Refusal.inside_fence),
        ({"fence_days": 4}, Rules(fence_days=6), 9, Refusal.inside_fence),
        ({"from_on": TODAY + 5}, Rules(), 8, Refusal.lead_time_too_long),
        ({"until_on": TODAY}, Rules(), None, Refusal.no_source),
    ],
)
def test_the_first_order_day_decides_the_earliest_day(
    more: dict[str, Any], rules: Rules, day: int | None, why: Refusal
) -> None:
    decision = World(term(**more), MAKER, rules=rules).ask("10 X-100 d0")

    limit = decision.lines[0].limit
    assert earliest(decision) == day
    assert limit is not None
    assert (limit.why, limit.short) == (why, 10)
    assert limit.until == (None if day is None else TODAY + day)


@pytest.mark.parametrize(
    ("quantity", "day", "taken"),
    [
        (8, 3, {3: 8}),
        (10, 3, {3: 8, 2: 2}),
        (26, 3, {3: 8, 2: 8, 1: 8, 0: 2}),
        (33, 4, {4: 8, 3: 8, 2: 8, 1: 8, 0: 1}),  # longer than the lead time: ordered that much earlier
        (41, 5, {5: 8, 4: 8, 3: 8, 2: 8, 1: 8, 0: 1}),
    ],
)
def test_a_suppliers_capacity_is_drawn_backward_from_the_day_it_is_ready(
    quantity: int, day: int, taken: dict[int, int]
) -> None:
    decision = World(term(), Supplier(id="s", name="S", capacity=8)).ask(f"{quantity} X-100 d0")

    later = next(o for o in decision.options if o.kind == "later")
    assert earliest(decision) == day
    assert {take.on - TODAY: take.quantity for take in later.makes[0].takes} == taken
    assert {take.key for take in later.makes[0].takes} == {"supplier:s"}
    assert later.makes[0].starts_on == TODAY + min(0, day - 3)


def test_a_supplier_that_is_full_is_named() -> None:
    world = World(
        term(),
        Supplier(id="s", name="S", capacity=8),
        used={"supplier:s": "-8 d0, -8 d1, -8 d2, -8 d3, -6 d4"},
    )

    decision = world.ask("10 X-100 d4")

    limit = decision.lines[0].limit
    assert limit is not None
    assert (limit.why, limit.key, limit.on - TODAY, limit.short) == (
        Refusal.capacity_full,
        "supplier:s",
        4,
        8,
    )
    assert earliest(decision) == 5


# --- move ---


@pytest.mark.parametrize(
    ("more", "sites", "asked", "expected"),
    [
        ({}, (HALDEN, LYON), 5, ("move:l", 10, 3, 5)),
        ({"calendar": "week"}, (HALDEN, LYON), 7, ("move:l", 10, 4, 6)),  # the carrier leaves on Friday
        ({}, (WEEKLY_SITE, LYON), 7, ("move:l", 10, 5, 7)),
        ({}, (WEEKLY_SITE, LYON), 8, ("move:l", 10, 6, 8)),
        ({}, (HALDEN, msgspec.structs.replace(LYON, calendar="week")), 8, ("move:l", 10, 4, 6)),
        ({"until_on": TODAY + 1}, (HALDEN, LYON), 9, ("move:l", 10, 0, 2)),
        ({"lot_multiple": 6}, (HALDEN, LYON), 5, ("move:l", 12, 3, 5)),
    ],
)
def test_a_transfer_leaves_as_late_as_it_can(
    more: dict[str, Any], sites: tuple[Site, ...], asked: int, expected: tuple[str, int, int, int]
) -> None:
    world = World(*sites, lane(**more), stock={"X-100@lyon": "+20 now"})

    decision = world.ask(f"10 X-100 d{asked} @halden")

    assert [shown(receipt) for receipt in decision.options[0].makes] == [expected]
    (take,) = decision.options[0].makes[0].takes
    assert (take.key, take.on - TODAY, take.quantity) == ("node:X-100@lyon", expected[2], expected[1])


def test_a_transfer_takes_what_the_origin_can_spare() -> None:
    world = World(LYON, lane(), stock={"X-100@lyon": "+20 now, -15 d9, +10 d12"})

    assert earliest(world.ask("5 X-100 d0 @halden")) == 2
    assert earliest(world.ask("6 X-100 d0 @halden")) == 14
    assert earliest(world.ask("16 X-100 d0 @halden")) is None


def test_lanes_in_a_circle_end() -> None:
    back = lane(id="back", origin="halden", destination="lyon")

    decision = World(LYON, lane(), back).ask("1 X-100 d9 @halden")

    assert earliest(decision) is None
    assert decision.lines[0].refusals[0] in (Refusal.no_source, Refusal.supply_short)


# --- make ---


def line(**more: Any) -> Resource:
    return Resource(**{"id": "line", "name": "Line", "site": "halden", "calendar": "week", **more})


def steps(*pairs: tuple[int, int], resource: str = "line") -> tuple[Step, ...]:
    """(setup minutes, run minutes a piece), in working order."""
    return tuple(
        Step(loads=(Load(resource=resource),), setup_minutes=setup, run_seconds=60 * run)
        for setup, run in pairs
    )


def minutes(receipt: Make, key: str = "resource:line") -> dict[int, int]:
    """Minutes drawn by day from today."""
    found: dict[int, int] = {}
    for take in receipt.takes:
        if take.key == key:
            found[take.on - TODAY] = found.get(take.on - TODAY, 0) + take.quantity
    return found


@pytest.mark.parametrize(
    ("more", "asked", "begins", "drawn"),
    [
        ({"steps": steps((0, 40))}, 4, 3, {3: 400}),  # done the day before it is usable
        ({"steps": steps((60, 60))}, 4, 2, {3: 480, 2: 180}),
        ({"steps": steps((0, 40)), "after_days": 2}, 4, 1, {1: 400}),
        ({"steps": steps((0, 40)), "lead_days": 2}, 4, 1, {3: 400}),
        ({"steps": steps((0, 40), (0, 20))}, 4, 2, {3: 480, 2: 120}),  # one after the other
        ({"steps": steps((0, 10), (0, 20))}, 4, 3, {3: 300}),
        ({"lead_days": 3}, 4, 1, {}),
        ({"lead_seconds": 36_000, "day_minutes": 480}, 15, 2, {}),  # 10 pieces x 600 minutes fill 13 days
        ({"steps": steps((0, 0))}, 4, 3, {}),
    ],
)  # fmt: skip
def test_work_is_done_as_late_as_it_can_be(
    more: dict[str, Any], asked: int, begins: int, drawn: dict[int, int]
) -> None:
    decision = World(line(), operation(**more)).ask(f"10 X-100 d{asked}")

    (receipt,) = decision.options[0].makes
    assert offers(decision) == [f"make: 10 d{asked}"]
    assert (receipt.starts_on - TODAY, receipt.on - TODAY) == (begins, asked)
    assert minutes(receipt) == drawn


def test_two_steps_on_two_resources_share_the_day() -> None:
    paint = Resource(id="paint", name="Paint", site="halden", calendar="week")
    made = operation(steps=(*steps((0, 30)), *steps((0, 30), resource="paint")))

    decision = World(line(), paint, made).ask("10 X-100 d4")

    # Painting takes 300 of Thursday's 480 minutes, so assembly has 180 of them and the rest on Wednesday.
    (receipt,) = decision.options[0].makes
    assert minutes(receipt, "resource:paint") == {3: 300}
    assert minutes(receipt) == {3: 180, 2: 120}


@pytest.mark.parametrize(
    ("units", "load_units", "begins", "drawn"),
    [
        (1, 1, 2, {3: 480, 2: 120}),
        (2, 1, 2, {3: 480, 2: 120}),  # one unit works one unit's hours
        (2, 2, 2, {3: 960, 2: 240}),
        (1, 2, None, {}),
    ],
)
def test_a_job_keeps_its_units_busy(
    units: int, load_units: int, begins: int | None, drawn: dict[int, int]
) -> None:
    step = Step(loads=(Load(resource="line", units=load_units),), run_seconds=3_600)

    decision = World(line(units=units), operation(steps=(step,))).ask("10 X-100 d4")

    if begins is None:
        assert offers(decision) == []
    else:
        assert decision.options[0].makes[0].starts_on == TODAY + begins
        assert minutes(decision.options[0].makes[0]) == drawn


def test_the_first_load_with_room_is_taken() -> None:
    other = Resource(id="other", name="Other", site="halden", calendar="week")
    loads = (Load(resource="other", priority=2), Load(resource="line", priority=1))
    made = operation(steps=(Step(loads=loads, run_seconds=1_800),))
    busy = {"resource:line": "-480 d3, -480 d2, -480 d1, -200 d0"}

    free = World(line(), other, made).ask("10 X-100 d4")
    full = World(line(), other, made, used=busy).ask("10 X-100 d4")

    assert minutes(free.options[0].makes[0]) == {3: 300}
    assert minutes(full.options[0].makes[0], "resource:other") == {3: 300}


def test_each_lot_has_its_own_setup_and_the_last_one_is_placed_first() -> None:
    made = operation(steps=steps((60, 30)), lot_max=8)

    decision = World(line(), made).ask("20 X-100 d4")

    # 8 + 8 + 4: the rest of 4 is placed first, on Thursday, the others in what is left before it.
    assert [(r.quantity, minutes(r)) for r in decision.options[0].makes] == [
        (4, {3: 180}),
        (8, {3: 300}),
        (8, {2: 300}),
    ]


@pytest.mark.parametrize(
    ("stock", "asked", "day"),
    [
        ({"motor": "+20 now, -5 d20"}, 0, 2),  # two working days
        ({"motor": "+9 now, +1 d6"}, 0, 9),  # the motor comes on Sunday, work is on Monday and Tuesday
        ({"motor": "+9 now"}, 0, None),
    ],
)
def test_components_are_there_when_work_starts(stock: dict[str, str], asked: int, day: int | None) -> None:
    made = operation(steps=steps((60, 60)), inputs=(Input(item="motor", quantity=1),))

    decision = World(MOTOR, line(), made, stock=stock).ask(f"10 X-100 d{asked}")

    assert earliest(decision) == day
    if day is None:
        assert decision.lines[0].limit is not None
        assert decision.lines[0].limit.key == "node:motor@halden"


@pytest.mark.parametrize(
    ("line_of_bill", "needed"),
    [
        (Input(item="motor", quantity=2), 20),
        (Input(item="motor", quantity=1, per=3), 4),  # rounded up once for the lot
        (Input(item="motor", quantity=1, fixed=2), 12),
        (Input(item="motor", quantity=1, until_on=TODAY), None),  # no longer in the bill
        (Input(item="motor", quantity=1, from_on=TODAY + 4), None),
        (Input(item="motor", quantity=0), None),
    ],
)
def test_a_bill_says_how_many(line_of_bill: Input, needed: int | None) -> None:
    decision = World(MOTOR, operation(inputs=(line_of_bill,), lead_days=1), stock={"motor": "+99 now"}).ask(
        "10 X-100 d4"
    )

    takes = decision.options[0].makes[0].takes
    assert [take.quantity for take in takes] == ([] if needed is None else [needed])


def test_an_alternate_stands_in_when_the_component_is_short() -> None:
    bill = (Input(item="motor", quantity=1, alternates=("seal",)),)
    made = operation(inputs=bill, lead_days=1)

    first = World(MOTOR, SEAL, made, stock={"motor": "+10 now", "seal": "+10 now"}).ask("10 X-100 d4")
    second = World(MOTOR, SEAL, made, stock={"motor": "+9 now", "seal": "+10 now"}).ask("10 X-100 d4")

    assert [take.key for take in first.options[0].makes[0].takes] == ["node:motor@halden"]
    assert [take.key for take in second.options[0].makes[0].takes] == ["node:seal@halden"]


def two_levels(**more: Any) -> tuple[Record, ...]:
    """Pumps of motors, motors bought in five days."""
    return (
        MOTOR,
        line(),
        MAKER,
        operation(steps=steps((60, 30)), inputs=(Input(item="motor", quantity=1),), **more),
        term(id="motors", item="motor", lead_days=5, cost_minor=400),
    )


def test_a_bill_is_planned_through_its_levels() -> None:
    decision = World(*two_levels(), stock={"X-100": "+40 now", "motor": "+5 now"}).ask("60 X-100 d0")

    # 20 pumps take 660 minutes; 15 motors come on day 5, Saturday, and work is on Monday and Tuesday.
    later = next(option for option in decision.options if option.kind == "later")
    assert earliest(decision) == 9
    assert [shown(receipt) for receipt in later.makes] == [("buy:motors", 15, 2, 7), ("make:o", 20, 7, 9)]
    assert later.pieces[0].from_stock == 40
    # 40 from stock, 20 made of 5 motors in stock and 15 bought.
    assert later.cost_minor == 40 * 1_000 + 5 * 300 + 15 * 400


def test_the_surplus_of_a_lot_is_not_the_orders_cost() -> None:
    decision = World(*two_levels(lot_min=40), stock={"motor": "+40 now"}).ask("10 X-100 d9")

    (option,) = decision.options
    assert (option.makes[0].quantity, option.makes[0].needed, option.makes[0].cost_minor) == (40, 10, 12_000)
    assert option.cost_minor == 3_000


@pytest.mark.parametrize(("depth_max", "day"), [(0, None), (1, None), (2, 9)])
def test_no_deeper_than_the_policy_says(depth_max: int, day: int | None) -> None:
    rules = Rules(depth_max=depth_max)

    assert earliest(World(*two_levels(), stock={"X-100": "+40 now"}, rules=rules).ask("60 X-100 d0")) == day


def test_sources_are_tried_by_priority_then_make_move_buy_and_never_mixed() -> None:
    ways = (LYON, MAKER, operation(lead_days=1), lane(), term())
    preferred = (LYON, MAKER, operation(lead_days=1), lane(priority=0), term())
    stock = {"X-100@lyon": "+6 now"}

    assert World(*ways, stock=stock).ask("6 X-100 d9 @halden").options[0].kind == "make"
    assert World(*preferred, stock=stock).ask("6 X-100 d9 @halden").options[0].kind == "move"
    # Six could be moved and one made: one source makes all seven.
    seven = World(*preferred, stock=stock).ask("7 X-100 d9 @halden").options[0]
    assert [receipt.source for receipt in seven.makes] == ["make:o"]


def test_an_operation_that_is_not_in_force_at_its_start_makes_nothing() -> None:
    ended = operation(lead_days=2, until_on=TODAY + 3)

    assert offers(World(ended).ask("1 X-100 d4")) == ["make: 1 d4"]
    assert offers(World(ended).ask("1 X-100 d5")) == []


def test_a_fixed_lead_time_is_labelled() -> None:
    decision = World(operation(lead_days=2, static_lead=True)).ask("1 X-100 d4")

    assert decision.options[0].makes[0].static_lead


def test_overtime_counts_when_expediting_after_the_regular_minutes() -> None:
    late = line(overtime_minutes=120, overtime_cost_minor=50)
    made = operation(steps=steps((0, 60)))

    decision = World(late, made).ask("10 X-100 d1")

    fast = next(option for option in decision.options if option.kind == "expedite")
    assert earliest(decision) == 2
    assert minutes(fast.makes[0]) == {0: 480}
    assert minutes(fast.makes[0], "overtime:line") == {0: 120}
    assert (fast.cost_minor, fast.makes[0].expedite) == (6_000, True)


def test_what_is_kept_for_others_is_kept_in_components_too() -> None:
    share = Allocation(
        id="a",
        item="motor",
        site="halden",
        path=("tier:A",),
        rank=1,
        from_on=TODAY,
        until_on=TODAY + 20,
        quantity=15,
    )
    made = operation(inputs=(Input(item="motor", quantity=1),), lead_days=1)

    decision = World(MOTOR, made, share, stock={"motor": "+20 now, +9 d12"}).ask("6 X-100 d3")

    assert (
        earliest(decision) == 13
    )  # of 20 motors 15 are A's until its release day has come; 9 more come on day 12
    assert decision.lines[0].limit is not None
    assert decision.lines[0].limit.why is Refusal.protected_for_others
