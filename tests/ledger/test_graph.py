"""Master data in a graph: what it answers, what a request may touch, and what is refused before it is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accord.kit.calendars import weekdays
from accord.kit.days import Day, day_of
from accord.kit.errors import Fault, InputError
from accord.ledger.decide.graph import Graph, check, from_record, kind_name, near, reach, to_body
from accord.ledger.decide.records import KINDS
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Companion,
    Delivery,
    Input,
    Item,
    Lane,
    LimitRecord,
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

MONDAY: Day = day_of("2027-03-01")
NINE = (MONDAY - day_of("1970-01-01")) * 86_400_000_000 + 9 * 3_600_000_000

PUMP, OTHER, MOTOR, SEAL = (Item(id=name, name=name) for name in ("pump", "other", "motor", "seal"))
HALDEN = Site(id="halden", name="Halden", calendar="week", zone="Europe/Oslo")
LYON = Site(id="lyon", name="Lyon")
WEEK = CalendarRecord(id="week", calendar=weekdays(480))
LINE = Resource(id="line", name="Line", site="halden", calendar="week", units=2, overtime_minutes=60)
OVEN = Resource(id="oven", name="Oven", site="halden")
BRENNER = Supplier(id="brenner", name="Brenner", calendar="week", capacity=50)
ENDLESS = Supplier(id="endless", name="Endless")


def step(*resources: str) -> Step:
    return Step(loads=tuple(Load(resource=name) for name in resources), run_seconds=60)


def beside(*companions: str, units: int = 1) -> Step:
    """The line, and what a job on it needs at the same time."""
    also = tuple(Companion(resource=name, units=units) for name in companions)
    return Step(loads=(Load(resource="line", also=also),), run_seconds=60)


def operation(**more: Any) -> Operation:
    return Operation(**{"id": "o", "item": "pump", "site": "halden", **more})


def lane(**more: Any) -> Lane:
    return Lane(
        **{"id": "l", "item": "pump", "origin": "lyon", "destination": "halden", "transit_days": 1, **more}
    )


def term(**more: Any) -> Term:
    return Term(
        **{"id": "t", "item": "motor", "site": "halden", "supplier": "brenner", "lead_days": 1, **more}
    )


def share(**more: Any) -> Allocation:
    period = {"from_on": MONDAY, "until_on": MONDAY + 7}
    return Allocation(
        **{
            "id": "a",
            "item": "pump",
            "site": "halden",
            "path": ("tier:A",),
            "rank": 1,
            "quantity": 5,
            **period,
            **more,
        }
    )


BASE: tuple[Record, ...] = (PUMP, OTHER, MOTOR, SEAL, HALDEN, LYON, WEEK, LINE, OVEN, BRENNER, ENDLESS)


def graph(*records: Record) -> Graph:
    return Graph(3, [*BASE, *records])


# --- ways to get an item ---


def test_sources_come_by_priority_then_make_move_buy_then_id() -> None:
    records = [
        Term(id="t1", item="pump", site="halden", supplier="endless", lead_days=1),
        lane(id="l2"),
        operation(id="o9"),
        operation(id="o1", priority=2),
        lane(id="l1"),
        Term(id="t0", item="pump", site="halden", supplier="endless", lead_days=1, priority=0),
    ]

    for order in (records, records[::-1]):
        found = graph(*order).sources_for("pump", "halden")
        assert [source.id for source in found] == ["t0", "o9", "l1", "l2", "t1", "o1"]


def test_look_ups_are_by_item_and_site() -> None:
    made = graph(operation(), lane(), term(), Substitute(id="s", item="pump", other="other"))

    assert [o.id for o in made.operations_for("pump", "halden")] == ["o"]
    assert [x.id for x in made.lanes_into("pump", "halden")] == ["l"]
    assert [t.id for t in made.terms_for("motor", "halden")] == ["t"]
    assert [s.other for s in made.substitutes_for("pump")] == ["other"]
    assert (graph(share()).allocation("a"), made.allocation("a")) == (share(), None)
    assert made.sources_for("pump", "lyon") == ()
    assert (made.version, made.items["pump"], made.sites["lyon"]) == (3, PUMP, LYON)


# --- the last leg ---


def leg(id: str, site: str, ship_to: str, **more: Any) -> Delivery:
    return Delivery(id=id, site=site, ship_to=ship_to, **more)


@pytest.mark.parametrize(
    ("site", "ship_to", "expected"),
    [
        (None, "north", ["a", "c", "b"]),
        (None, "south", ["a", "b"]),
        ("lyon", "north", ["c", "b"]),
        ("halden", "south", ["a"]),
    ],
)
def test_ways_out_are_those_of_the_zone_and_of_anywhere(
    site: str | None, ship_to: str, expected: list[str]
) -> None:
    made = graph(leg("b", "lyon", "*", priority=2), leg("a", "halden", "*"), leg("c", "lyon", "north"))

    assert [way.id for way in made.ways_out(site, ship_to)] == expected


def test_without_a_leg_a_named_site_is_collected_at() -> None:
    made = graph(leg("a", "halden", "north"))

    assert [(way.id, way.site, way.transit_days) for way in made.ways_out("lyon", "north")] == [
        ("", "lyon", 0)
    ]
    assert made.ways_out(None, "south") == ()  # legs are known, but none to there


def test_without_any_leg_every_site_is_collected_at_in_the_order_of_ids() -> None:
    assert [way.site for way in graph().ways_out(None, "anywhere")] == ["halden", "lyon"]


def test_expedite_legs_may_be_left_out() -> None:
    made = graph(leg("air", "halden", "*", expedite=True, priority=0), leg("sea", "halden", "*"))

    assert [way.id for way in made.ways_out(None, "x")] == ["air", "sea"]
    assert [way.id for way in made.ways_out(None, "x", expedite=False)] == ["sea"]


# --- days and amounts ---


@pytest.mark.parametrize(
    ("key", "day", "expected"),
    [
        ("resource:line", 0, 960),  # two units of 480 minutes
        ("resource:line", 5, 0),
        ("overtime:line", 0, 120),
        ("overtime:line", 5, 0),  # no overtime on a closed day
        ("resource:oven", 5, 1_440),
        ("overtime:oven", 0, 0),
        ("supplier:brenner", 0, 50),
        ("supplier:brenner", 6, 0),
        ("allocation:a", 0, 5),
        ("allocation:a", 6, 5),
        ("allocation:a", 7, 0),
        ("allocation:a", -1, 0),
    ],
)
def test_capacity_is_a_number_for_every_day(key: str, day: int, expected: int) -> None:
    assert graph(share()).capacity(key, MONDAY + day) == expected


@pytest.mark.parametrize(
    "key",
    ["node:pump@halden", "what:is"],
)
def test_what_has_no_capacity_is_a_fault(key: str) -> None:
    with pytest.raises(Fault):
        graph().capacity(key, MONDAY)


@pytest.mark.parametrize("key", ["resource:none", "supplier:none", "allocation:none"])
def test_what_was_ended_has_nothing_left_although_draws_from_before_are_on_it(key: str) -> None:
    assert graph().capacity(key, MONDAY) == 0


def test_a_supplier_whose_limit_was_lifted_has_plenty() -> None:
    assert graph().capacity("supplier:endless", MONDAY) > 10**15


@pytest.mark.parametrize(
    ("site", "now", "expected"),
    [
        (Site(id="x", name="X"), NINE, 0),
        (Site(id="x", name="X", cutoff_minute=541), NINE, 0),
        (Site(id="x", name="X", cutoff_minute=540), NINE, 1),  # at the cut-off itself it has come
        (Site(id="x", name="X", calendar="week"), NINE + 5 * 86_400_000_000, 7),  # Saturday: on Monday
        (Site(id="x", name="X", calendar="week", cutoff_minute=0), NINE + 4 * 86_400_000_000, 7),
        (Site(id="x", name="X", zone="Pacific/Auckland", cutoff_minute=1_440), NINE, 0),  # 22:00 there
        (Site(id="x", name="X", zone="Pacific/Auckland"), NINE + 6 * 3_600_000_000, 1),  # tomorrow there
    ],
)
def test_the_first_ship_day_follows_zone_cut_off_and_calendar(site: Site, now: int, expected: int) -> None:
    assert graph(site).origin_ship_on("x", now) == MONDAY + expected


def test_a_site_that_never_opens_ships_beyond_any_horizon() -> None:
    never = CalendarRecord(id="never", calendar=weekdays(0))

    assert graph(never, Site(id="x", name="X", calendar="never")).origin_ship_on("x", NINE) > MONDAY + 1_000


def test_a_calendar_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(Fault, match="no calendar shifts"):
        graph().timetable("shifts")


# --- reach ---

CHAIN = (
    operation(inputs=(Input(item="motor", quantity=1, alternates=("seal",)),), steps=(step("line", "oven"),)),
    lane(),
    term(),
    Term(id="t2", item="seal", site="halden", supplier="endless", lead_days=1),
    Operation(id="o2", item="motor", site="halden", inputs=(Input(item="seal", quantity=1),)),
    Substitute(id="s", item="pump", other="other"),
    leg("a", "halden", "*"),
    share(),
)
TOP = {"node:pump@halden", "allocation:a"}
LEVEL_ONE = {
    "resource:line",
    "overtime:line",
    "resource:oven",
    "node:motor@halden",
    "node:seal@halden",
    "node:pump@lyon",
}


def test_near_is_the_nodes_it_may_leave_from() -> None:
    assert near(graph(*CHAIN), [("pump", None)], ship_to="x") == TOP
    assert near(graph(*CHAIN), [("pump", "lyon")], ship_to="x") == {"node:pump@lyon"}
    assert near(graph(*CHAIN), [("nothing", None), ("pump", "nowhere")], ship_to="x") == frozenset()


@pytest.mark.parametrize(
    ("depth_max", "may_substitute", "expected"),
    [
        (0, False, TOP),
        (1, False, TOP | LEVEL_ONE),  # motors and seals are asked for their stock only
        (2, False, TOP | LEVEL_ONE | {"supplier:brenner"}),  # a supplier without a limit has no key
        (2, True, TOP | LEVEL_ONE | {"supplier:brenner", "node:other@halden"}),
        (9, False, TOP | LEVEL_ONE | {"supplier:brenner"}),
    ],
)
def test_reach_goes_down_to_the_depth(depth_max: int, may_substitute: bool, expected: set[str]) -> None:
    found = reach(
        graph(*CHAIN), [("pump", None)], ship_to="x", depth_max=depth_max, may_substitute=may_substitute
    )

    assert found == expected


def test_reach_has_every_resource_of_a_load() -> None:
    made = graph(operation(steps=(beside("oven"),)), Resource(id="idle", name="Idle", site="halden"))

    found = reach(made, [("pump", "halden")], ship_to="x", depth_max=1, may_substitute=False)

    assert found == {"node:pump@halden", "resource:line", "overtime:line", "resource:oven"}


def test_reach_ends_where_lanes_run_in_a_circle() -> None:
    made = graph(lane(), lane(id="back", origin="halden", destination="lyon"))

    found = reach(made, [("pump", "halden")], ship_to="x", depth_max=50, may_substitute=False)

    assert found == {"node:pump@halden", "node:pump@lyon"}


# --- records ---


@pytest.mark.parametrize(
    "record", [*BASE, operation(steps=(step("line"),)), lane(), term(), share(), *CHAIN], ids=lambda r: r.id
)
def test_a_record_reads_back_as_it_was_written(record: Record) -> None:
    body = to_body(record)

    assert from_record(kind_name(record), body) == record
    assert to_body(from_record(kind_name(record), body)) == body


def test_every_kind_has_one_name() -> None:
    assert len(KINDS) == 12
    assert len(set(KINDS.values())) == 12


class Thing(Record, frozen=True, kw_only=True):
    """A record of a kind that nobody knows."""


@pytest.mark.parametrize("use", [lambda one: Graph(1, [one]), kind_name, lambda one: check([one])])
def test_a_record_of_an_unknown_kind_is_a_fault(use: Callable[[Record], object]) -> None:
    with pytest.raises(Fault, match="Thing"):
        use(Thing(id="t"))


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [("thing", b"{}", "unknown_kind"), ("item", b'{"id": 3, "name": "x"}', "does_not_fit")],
)
def test_a_body_that_does_not_fit_is_an_error(kind: str, body: bytes, code: str) -> None:
    with pytest.raises(InputError) as raised:
        from_record(kind, body)

    assert raised.value.errors[0].code == code


def test_sound_records_have_no_errors() -> None:
    assert check([*BASE, *CHAIN, LimitRecord(id="x", most=0)]) == []
    assert check([*BASE, *(Site(id=f"s{n}", name="S", cutoff_minute=n) for n in (0, 1_440))]) == []
    assert check([*BASE, operation(lot_min=10, lot_multiple=4, lot_max=12)]) == []
    assert check([*BASE, operation(lot_min=0, lot_max=1)]) == []  # one at a time


@pytest.mark.parametrize(
    ("record", "pointer", "code"),
    [
        (Item(id="x", name="X", cost_minor=-1), "/item/x/cost_minor", "negative"),
        (Item(id="x", name="X", scale=3), "/item/x/scale", "scale_not_decimal"),
        (Item(id="x", name="X", scale=0), "/item/x/scale", "scale_not_decimal"),
        (Item(id="", name="X"), "/item/", "id_missing"),
        (Item(id="pump", name="again"), "/item/pump", "duplicate"),
        (Site(id="x", name="X", calendar="none"), "/site/x/calendar", "unknown_calendar"),
        (Site(id="x", name="X", zone="Mars/Base"), "/site/x/zone", "unknown_zone"),
        (Site(id="x", name="X", cutoff_minute=1_441), "/site/x/cutoff_minute", "out_of_range"),
        (Resource(id="x", name="X", site="none"), "/resource/x/site", "unknown_site"),
        (Resource(id="x", name="X", site="lyon", units=-1), "/resource/x/units", "negative"),
        (Supplier(id="x", name="X", capacity=-5), "/supplier/x/capacity", "negative"),
        (operation(item="none"), "/operation/o/item", "unknown_item"),
        (operation(site="none"), "/operation/o/site", "unknown_site"),
        (operation(lot_multiple=0), "/operation/o/lot_multiple", "less_than_one"),
        (operation(lot_min=10, lot_multiple=4, lot_max=11), "/operation/o/lot_max", "lot_max_too_small"),
        (operation(lot_min=0, lot_max=0), "/operation/o/lot_max", "lot_max_too_small"),
        (operation(lead_days=-1), "/operation/o/lead_days", "negative"),
        (operation(day_minutes=0), "/operation/o/day_minutes", "less_than_one"),
        (operation(from_on=5, until_on=5), "/operation/o/until_on", "empty_period"),
        (operation(inputs=(Input(item="none", quantity=1),)), "/operation/o/inputs/0/item", "unknown_item"),
        (operation(inputs=(Input(item="seal", quantity=1, alternates=("none",)),)), "/operation/o/inputs/0/alternates", "unknown_item"),
        (operation(inputs=(Input(item="seal", quantity=1, per=0),)), "/operation/o/inputs/0/per", "less_than_one"),
        (operation(steps=(step("none"),)), "/operation/o/steps/0/loads/0/resource", "unknown_resource"),
        (operation(steps=(Step(loads=()),)), "/operation/o/steps/0/loads", "load_missing"),
        (operation(site="lyon", steps=(step("line"),)), "/operation/o/steps/0/loads/0/resource", "other_site"),
        (operation(steps=(beside("none"),)), "/operation/o/steps/0/loads/0/also/0/resource", "unknown_resource"),
        (operation(steps=(beside("oven", units=0),)), "/operation/o/steps/0/loads/0/also/0/units", "less_than_one"),
        (operation(steps=(beside("oven", units=-1),)), "/operation/o/steps/0/loads/0/also/0/units", "less_than_one"),
        (operation(steps=(beside("line"),)), "/operation/o/steps/0/loads/0/also/0/resource", "resource_twice"),
        (operation(steps=(beside("oven", "oven"),)), "/operation/o/steps/0/loads/0/also/1/resource", "resource_twice"),
        (lane(origin="none"), "/lane/l/origin", "unknown_site"),
        (lane(destination="lyon"), "/lane/l/origin", "leads_nowhere"),
        (lane(transit_days=-1), "/lane/l/transit_days", "negative"),
        (lane(transit_days=36_501), "/lane/l/transit_days", "out_of_range"),
        (lane(fence_days=36_501), "/lane/l/fence_days", "out_of_range"),
        (operation(lead_days=36_501), "/operation/o/lead_days", "out_of_range"),
        (operation(after_days=36_501), "/operation/o/after_days", "out_of_range"),
        (operation(after_days=-1), "/operation/o/after_days", "negative"),
        (operation(fence_days=36_501), "/operation/o/fence_days", "out_of_range"),
        (operation(lead_seconds=-1), "/operation/o/lead_seconds", "negative"),
        (operation(cost_minor=-1), "/operation/o/cost_minor", "negative"),
        (term(lead_days=36_501), "/term/t/lead_days", "out_of_range"),
        (term(fence_days=36_501), "/term/t/fence_days", "out_of_range"),
        (term(cost_minor=-1), "/term/t/cost_minor", "negative"),
        (Delivery(id="x", site="lyon", ship_to="*", transit_days=36_501), "/delivery/x/transit_days", "out_of_range"),
        (Delivery(id="x", site="lyon", ship_to="*", transit_days=-1), "/delivery/x/transit_days", "negative"),
        (lane(cost_minor=-1), "/lane/l/cost_minor", "negative"),
        (LimitRecord(id="x", most=-1), "/limit/x/most", "negative"),
        (lane(calendar="none"), "/lane/l/calendar", "unknown_calendar"),
        (term(supplier="none"), "/term/t/supplier", "unknown_supplier"),
        (term(fence_days=-1), "/term/t/fence_days", "negative"),
        (Substitute(id="s", item="pump", other="none"), "/substitute/s/other", "unknown_item"),
        (Substitute(id="s", item="pump", other="pump"), "/substitute/s/other", "leads_nowhere"),
        (leg("d", "none", "*"), "/delivery/d/site", "unknown_site"),
        (share(quantity=-1), "/allocation/a/quantity", "negative"),
        (share(path=()), "/allocation/a/path", "path_missing"),
        (share(until_on=MONDAY), "/allocation/a/until_on", "empty_period"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_field(record: Record, pointer: str, code: str) -> None:
    errors = check([*BASE, record])

    assert [(error.pointer, error.code) for error in errors] == [(pointer, code)]
    assert errors[0].detail.endswith(".")


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        (Item(id="x", name="X", cost_minor=-1), "cost_minor is -1. Give zero or more."),
        (Item(id="x", name="X", scale=3), "The scale 3 has no exact decimals. Use a power of ten, such as 1, 10 or 1000."),
        (Item(id="", name="X"), "The id is empty. Give every record an id."),
        (Item(id="pump", name="again"), "item pump is there twice. Keep one of the two."),
        (Site(id="x", name="X", calendar="none"), "There is no calendar 'none'. Add it, or correct the name."),
        (Site(id="x", name="X", zone="Mars/Base"), "'Mars/Base' is not a time zone. Use a name of the tz database, such as Europe/Oslo."),
        (Site(id="x", name="X", cutoff_minute=1_441), "The cut-off is 1441. Give minutes after midnight, 0 to 1440."),
        (operation(lot_multiple=0), "lot_multiple is 0. Give one or more."),
        (operation(lot_min=10, lot_multiple=4, lot_max=11), "The largest lot is 11, the smallest that the rules allow 12. Raise lot_max."),
        (operation(from_on=5, until_on=5), "The period ends before it begins. The last day is the day before until_on."),
        (operation(steps=(Step(loads=()),)), "The step loads no resource. Name at least one, or drop the step."),
        (operation(site="lyon", steps=(step("line"),)), "line is not at lyon. Name a resource of that site."),
        (operation(steps=(beside("line"),)), "The load names line twice. Name it once, with the units of both."),
        (lane(destination="lyon"), "The lane leads from lyon to itself. Name another origin or destination."),
        (lane(transit_days=36_501), "transit_days is 36501. Give 36500 days, which is a hundred years, or less."),
        (Substitute(id="s", item="pump", other="pump"), "pump stands in for itself. Name another item."),
        (share(path=()), 'The path is empty. Name at least one term, such as "tier:A".'),
    ],
)  # fmt: skip
def test_it_says_what_to_do_about_it(record: Record, detail: str) -> None:
    assert [error.detail for error in check([*BASE, record])] == [detail]


@pytest.mark.parametrize(
    ("bills", "cycle"),
    [
        ([("pump", "pump")], "pump needs pump"),
        ([("pump", "motor"), ("motor", "pump")], "motor needs pump needs motor"),
        ([("pump", "motor"), ("motor", "seal"), ("seal", "motor")], "motor needs seal needs motor"),
    ],
)
def test_a_cyclic_bill_is_named(bills: list[tuple[str, str]], cycle: str) -> None:
    made = [
        operation(id=f"o{n}", item=item, inputs=(Input(item=component, quantity=1),))
        for n, (item, component) in enumerate(bills)
    ]

    (error,) = check([*BASE, *made])

    assert (error.code, cycle in error.detail) == ("cyclic_bill", True)
    assert error.pointer.startswith("/operation/o")
    assert error.pointer.endswith("/inputs")


def test_an_alternate_can_close_the_circle_and_another_site_cannot() -> None:
    first = operation(inputs=(Input(item="motor", quantity=1, alternates=("seal",)),))
    circle = operation(id="o2", item="seal", inputs=(Input(item="pump", quantity=1),))
    elsewhere = operation(id="o2", item="seal", site="lyon", inputs=(Input(item="pump", quantity=1),))

    assert [error.code for error in check([*BASE, first, circle])] == ["cyclic_bill"]
    assert check([*BASE, first, elsewhere]) == []


def test_a_bill_may_share_components_and_be_deep() -> None:
    items = [Item(id=f"i{n}", name="x") for n in range(3_000)]
    bills = [
        operation(
            id=f"o{n}", item=f"i{n}", inputs=tuple(Input(item=f"i{k}", quantity=1) for k in (n + 1, n + 2))
        )
        for n in range(2_998)
    ]

    assert check([*BASE, *items, *bills]) == []


def test_everything_that_can_be_had_and_every_share_is_listed() -> None:
    def share(id: str, site: str, rank: int) -> Allocation:
        return Allocation(
            id=id, item="pump", site=site, path=(f"tier:{id}",), rank=rank, from_on=1, until_on=9, quantity=5
        )

    lane = Lane(id="l", item="seal", origin="halden", destination="lyon", transit_days=1)
    graph = Graph(
        1, [operation(), lane, share("b", "lyon", 1), share("c", "halden", 2), share("a", "halden", 2)]
    )

    assert sorted(graph.supplied()) == [("pump", "halden"), ("seal", "lyon")]
    assert [one.id for one in graph.allocations] == ["a", "c", "b"]
    assert graph.has_allocations
    assert not Graph(1, [operation()]).has_allocations
