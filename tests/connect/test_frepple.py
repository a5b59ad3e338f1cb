"""frePPLe's words become ours: each rule of the translation by a small model, and the five real models whole."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accord.connect.frepple.read import BYTES_MAX, parse, read
from accord.connect.frepple.translate import translate, weeks_ahead
from accord.connect.model import Kind, Translation
from accord.exceptions.model import Component, Counted, MasterStated, ReceiptStated
from accord.kit.calendars import Timetable
from accord.kit.days import day_of
from accord.kit.errors import InputError, Malformed
from accord.ledger.decide.records import check
from accord.ledger.model import (
    CalendarRecord,
    Companion,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Record,
    Resource,
    Site,
    Step,
    SupplyKind,
    Term,
)
from accord.policy.model import Customer

TODAY = day_of("2026-03-02")  # a Monday
DAY = 86_400

Row = tuple[str, dict[str, Any]]


def fixture(*rows: Row) -> bytes:
    return json.dumps([{"model": f"input.{model}", "fields": fields} for model, fields in rows]).encode()


def said(*rows: Row, reopen: bool = False, shift: int | None = None) -> Translation:
    return translate(parse(fixture(*rows), "small"), today=TODAY, reopen=reopen, shift=shift)


def of(translation: Translation, type_: type[Record]) -> dict[str, Any]:
    return {record.id: record for record in translation.records if isinstance(record, type_)}


def notes(translation: Translation) -> dict[str, int]:
    return {note.what: note.count for note in translation.notes}


def item(name: str, **more: Any) -> Row:
    return "item", {"name": name, **more}


def made(operation: str, item: str, quantity: float = 1) -> Row:
    return "operationmaterial", {
        "operation_id": operation,
        "item_id": item,
        "quantity": quantity,
        "type": "end",
    }


def used(operation: str, item: str, quantity: float = 1, **more: Any) -> Row:
    return "operationmaterial", {"operation_id": operation, "item_id": item, "quantity": -quantity, **more}


# --- reading ---


def test_both_spellings_of_a_key_are_one() -> None:
    with_id = said(("buffer", {"item_id": "a", "location_id": "x", "onhand": 3}))
    without = said(("buffer", {"item": "a", "location": "x", "onhand": "3"}))

    assert with_id.news == without.news


def test_a_name_may_be_the_primary_key() -> None:
    model = parse(b'[{"pk": "Item 01", "model": "input.item", "fields": {"cost": "1.5"}}]', "small")

    (found,) = of(translate(model, today=TODAY, reopen=False), Item).values()

    assert (found.id, found.cost_minor) == ("Item 01", 150)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe", "not UTF-8: byte 1"),
        (b"[{]", "not JSON"),
        (b"{}", "not a list"),
        (b'["x"]', "Record 1 is not of the form"),
        (b'[{"model": "input.item", "fields": {}}]', "Record 1 \\(item ''\\) does not fit"),
        (fixture(("demand", {"name": "d", "due": "soon"})), "'soon' is not a date"),
        (fixture(("operation", {"name": "o", "duration": "long"})), "'long' is not a duration"),
        (fixture(("operation", {"name": "o", "duration": "9" * 20})), "is not a duration of at most"),
        (fixture(("operation", {"name": "o", "duration": "P999999999D"})), "is not a duration of at most"),
        (
            fixture(("buffer", {"item": "a", "location": "x", "onhand": "1e999999"})),
            "not a number that can be meant",
        ),
        (
            b'[{"model": "input.buffer", "fields": {"item": "a", "location": "x", "onhand": NaN}}]',
            "NaN is no number",
        ),
        (fixture(("buffer", {"item": "a", "location": "x", "onhand": "many"})), "'many' is not a number"),
    ],
)
def test_what_does_not_fit_is_named(data: bytes, why: str) -> None:
    with pytest.raises((InputError, Malformed), match=why):
        parse(data, "small")


def test_a_gzip_file_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    whole = gzip.compress(fixture(item("a")))
    path = tmp_path / "m.json.gz"

    path.write_bytes(whole)
    assert read(path).source == "m"

    path.write_bytes(whole[:-9])
    with pytest.raises(Malformed, match="ends too early"):
        read(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BYTES_MAX == 2 * 1024**3
    monkeypatch.setattr("accord.connect.frepple.read.BYTES_MAX", 1_000)
    path = tmp_path / "m.json.gz"
    path.write_bytes(gzip.compress(b"[" + b" " * 1_000 + b"]"))

    with pytest.raises(InputError, match="more than 1000 bytes"):
        read(path)


def test_what_is_not_used_is_listed_and_what_only_describes_is_not() -> None:
    found = said(
        item("a", description="An a", weight=3, shelflife=7, batch=0),
        ("setupmatrix", {"name": "m"}),
    )

    assert notes(found) == {"item.shelflife": 1, "rows of input.setupmatrix": 1}


# --- groups ---


def test_what_is_said_of_a_group_is_said_of_each_leaf() -> None:
    found = said(
        item("all"),
        item("hot", owner_id="all"),
        item("a", owner_id="hot"),
        item("b", owner_id="all"),
        ("location", {"name": "everywhere"}),
        ("location", {"name": "x", "owner_id": "everywhere"}),
        ("location", {"name": "y", "owner_id": "everywhere"}),
        ("itemsupplier", {"item_id": "all", "supplier_id": "s", "location_id": "x", "leadtime": DAY}),
        ("itemdistribution", {"item_id": "hot", "origin_id": "x", "location_id": "y", "leadtime": DAY}),
    )

    assert set(of(found, Item)) == {"a", "b"}
    assert set(of(found, Site)) == {"x", "y"}
    assert set(of(found, Term)) == {"a for x from s", "b for x from s"}
    assert set(of(found, Lane)) == {"a from x to y"}


def test_a_supplier_without_a_place_sells_to_every_site() -> None:
    found = said(
        ("location", {"name": "x"}),
        ("location", {"name": "y"}),
        ("itemsupplier", {"item_id": "a", "supplier_id": "s"}),
    )

    assert {term.site for term in of(found, Term).values()} == {"x", "y"}


def test_priority_zero_is_not_used_and_said() -> None:
    found = said(("itemsupplier", {"item": "a", "supplier": "s", "location": "x", "priority": 0}))

    assert of(found, Term) == {}
    assert notes(found) == {"sources with priority 0, which are not used in planning": 1}


# --- quantities and times ---


@pytest.mark.parametrize(("seconds", "days"), [(0, 0), (1, 1), (DAY, 1), (DAY + 1, 2), (7 * DAY, 7)])
def test_lead_times_are_rounded_up_to_whole_days(seconds: int, days: int) -> None:
    found = said(
        ("itemsupplier", {"item": "a", "supplier": "s", "location": "x", "leadtime": f"{seconds}.0"})
    )

    (term,) = of(found, Term).values()
    assert term.lead_days == days


def test_fractions_scale_the_whole_item() -> None:
    found = said(
        (
            "demand",
            {"name": "d", "item": "a", "location": "x", "quantity": 1.5, "due": "2026-04-01 00:00:00"},
        ),
        ("buffer", {"item": "a", "location": "x", "onhand": 4}),
        ("itemsupplier", {"item": "a", "supplier": "s", "location": "x", "sizemultiple": 2}),
    )

    assert of(found, Item)["a"].scale == 10
    assert found.lines[0].request.lines[0].quantity == 15
    assert next(news for news in found.news if isinstance(news, Counted)).quantity == 40
    (term,) = of(found, Term).values()
    assert (term.lot_min, term.lot_multiple) == (10, 20)


def test_a_bill_is_exact_whatever_an_operation_makes() -> None:
    found = said(
        (
            "operation",
            {"name": "make", "location": "x", "item": "a", "type": "time_per", "duration_per": "60"},
        ),
        made("make", "a", 3),
        used("make", "b", 2),
        used("make", "c", 0.5, quantity_fixed=-2),
    )

    operation = of(found, Operation)["make"]
    assert operation.inputs == (
        Input(item="b", quantity=2, per=3),
        Input(item="c", quantity=5, per=3, fixed=20),
    )
    assert of(found, Item)["c"].scale == 10
    assert (operation.lead_seconds, operation.lead_per) == (20, 1)
    assert operation.lot_min == 3


def test_one_lot_size_only_makes_every_lot_that_large() -> None:
    found = said(
        ("operation", {"name": "m", "location": "x", "item": "a", "sizeminimum": 500, "sizemaximum": 500})
    )

    operation = of(found, Operation)["m"]
    assert (operation.lot_min, operation.lot_multiple, operation.lot_max) == (500, 500, 500)


def test_costs_are_rounded_half_up_to_hundredths() -> None:
    found = said(item("a", cost=0.125), item("b", cost="7.5"))

    assert [record.cost_minor for record in of(found, Item).values()] == [13, 750]


# --- work ---


def test_time_on_a_resource_is_a_step_and_time_without_one_is_lead_time() -> None:
    found = said(
        ("resource", {"name": "saw", "location": "x"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "type": "time_per",
                       "duration": 90, "duration_per": 1200}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operation", {"name": "dry", "item": "b", "location": "x", "duration": DAY + 1}),
    )  # fmt: skip

    cut, dry = of(found, Operation)["cut"], of(found, Operation)["dry"]
    assert cut.steps == (
        Step(loads=(Load(resource="saw"),), setup_minutes=2, run_seconds=1200, run_per=1, name="cut"),
    )
    assert (cut.lead_days, cut.lead_seconds) == (0, 0)
    assert (dry.steps, dry.lead_days) == ((), 2)


def test_a_routing_is_one_operation_and_waiting_after_the_first_step_is_a_step_without_a_limit() -> None:
    found = said(
        ("resource", {"name": "saw", "location": "x"}),
        ("operation", {"name": "all", "item": "a", "location": "x", "type": "routing"}),
        ("operation", {"name": "fetch", "owner": "all", "priority": 1, "duration": DAY}),
        ("operation", {"name": "cut", "owner": "all", "priority": 2, "duration": 60}),
        ("operation", {"name": "dry", "owner": "all", "priority": 3, "type": "time_per",
                       "duration": 6 * 3600, "duration_per": 600}),
        ("operation", {"name": "paint", "owner": "all", "priority": 4, "duration": 120}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operationresource", {"operation": "paint", "resource": "saw"}),
        used("fetch", "b"),
        used("paint", "c"),
        made("paint", "a"),
    )  # fmt: skip

    (operation,) = of(found, Operation).values()
    assert operation.steps == (
        Step(loads=(Load(resource="saw"),), setup_minutes=1, name="cut"),
        Step(loads=(Load(resource="waiting at x"),), setup_minutes=360, run_seconds=600, name="dry"),
        Step(loads=(Load(resource="saw"),), setup_minutes=2, name="paint"),
    )
    assert (operation.lead_days, operation.after_days) == (1, 0)
    assert of(found, Resource)["waiting at x"].units == 1_000_000
    assert [line.item for line in operation.inputs] == ["b", "c"]
    assert notes(found) == {"material of a later step of a routing, needed at the start of the first": 1}


def test_each_choice_of_an_alternate_is_an_operation_with_its_own_priority_and_validity() -> None:
    found = said(
        ("operation", {"name": "either", "item": "a", "location": "x", "type": "alternate"}),
        ("operation", {"name": "one", "duration": DAY}),
        ("operation", {"name": "two", "duration": 2 * DAY}),
        ("operation", {"name": "never", "duration": DAY}),
        ("suboperation", {"operation": "either", "suboperation": "one", "priority": 2}),
        ("suboperation", {"operation": "either", "suboperation": "two", "priority": 1,
                          "effective_end": "2026-05-01 00:00:00"}),
        ("suboperation", {"operation": "either", "suboperation": "never", "priority": 0}),
    )  # fmt: skip

    operations = of(found, Operation)
    assert {name: (o.item, o.priority, o.until_on) for name, o in operations.items()} == {
        "one": ("a", 2, None),
        "two": ("a", 1, day_of("2026-05-01")),
    }


def test_a_split_is_said_to_be_taken_as_alternatives() -> None:
    found = said(
        ("operation", {"name": "both", "item": "a", "location": "x", "type": "split"}),
        ("operation", {"name": "less", "owner": "both", "priority": 30}),
        ("operation", {"name": "more", "owner": "both", "priority": 70}),
    )

    assert {name: o.priority for name, o in of(found, Operation).items()} == {"more": 1, "less": 2}
    assert any("split by percentage" in what for what in notes(found))


def test_several_resources_at_once_are_one_step_on_a_load_with_companions() -> None:
    found = said(
        *(("resource", {"name": name, "location": "x"}) for name in ("saw", "man", "light")),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 600}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operationresource", {"operation": "cut", "resource": "man", "quantity": 2}),
        ("operationresource", {"operation": "cut", "resource": "light"}),
    )

    load = Load(resource="saw", also=(Companion(resource="man"), Companion(resource="light")))
    assert of(found, Operation)["cut"].steps == (Step(loads=(load,), setup_minutes=10, name="cut"),)
    assert minutes(found, "capacity of man", "2026-03-02") == [0]  # there are never two of them
    assert found.notes == ()


def at_once(*wanted: dict[str, Any], crew: int = 3, **more: Any) -> Translation:
    """Work that needs all of these at the same time; of a crew one man suffices."""
    men = [("resource", {"name": f"man{n}", "location": "x", "owner": "crew", **more}) for n in range(crew)]
    return said(
        *(("resource", {"name": name, "location": "x"}) for name in ("saw", "old saw", "crew")),
        *men,
        ("resourceskill", {"resource": "man1", "skill": "lift"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 600}),
        *(("operationresource", {"operation": "cut", **one}) for one in wanted),
    )


def loads(translation: Translation) -> list[str]:
    """ "saw + 2 man1": the loads of the only step, the first to be tried first."""
    (step,) = of(translation, Operation)["cut"].steps
    assert [load.priority for load in step.loads] == list(range(1, len(step.loads) + 1))
    return [
        " + ".join(f"{units} {name}" if units > 1 else name for name, units in load.together)
        for load in step.loads
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (
            ({"resource": "saw"}, {"resource": "crew"}),
            ["saw + man0", "saw + man1", "saw + man2"],
        ),
        (
            ({"resource": "saw", "name": "any saw"}, {"resource": "old saw", "name": "any saw", "priority": 2},
             {"resource": "man0", "name": "a man"}, {"resource": "man2", "name": "a man", "priority": 2}),
            ["saw + man0", "saw + man2", "old saw + man0", "old saw + man2"],
        ),
        (
            ({"resource": "crew"}, {"resource": "crew"}),  # two different ones: nobody is there twice
            ["man0 + man1", "man0 + man2", "man1 + man2"],
        ),
        (
            ({"resource": "crew", "skill": "lift"}, {"resource": "crew"}),
            ["man1 + man0", "man1 + man2"],
        ),
    ],
    ids=["a machine and one of a crew", "one of each choice", "two of a crew", "one who can and another"],
)  # fmt: skip
def test_each_way_to_choose_those_needed_at_once_is_a_load(
    wanted: tuple[dict[str, Any], ...], found: list[str]
) -> None:
    assert loads(at_once(*wanted)) == found


def test_someone_who_is_needed_twice_works_with_two_of_his_units() -> None:
    assert loads(at_once({"resource": "man1"}, {"resource": "man1"}, maximum=2)) == ["2 man1"]
    assert "cut" not in of(at_once({"resource": "man1"}, {"resource": "man1"}), Operation)


def test_work_that_one_choice_cannot_do_is_not_used() -> None:
    found = at_once({"resource": "saw"}, {"resource": "crew", "skill": "fly"})

    assert of(found, Operation) == {}
    assert notes(found)["operations that no resource can do: none is there, or none has the skill"] == 1


def test_of_very_many_ways_to_choose_the_preferred_ones_are_used_and_it_is_said() -> None:
    found = at_once({"resource": "crew"}, {"resource": "crew"}, {"resource": "saw"}, crew=12)

    # Of 144 pairs the first ten of each are looked at; a pair is one way, whoever is named first.
    assert len(loads(found)) == 45
    assert (
        notes(found)["work with more than 100 ways to choose its resources: the preferred ones are used"] == 1
    )


def test_who_works_with_a_slower_one_is_as_slow() -> None:
    found = said(
        ("resource", {"name": "saw", "location": "x", "efficiency": 50}),
        *(("resource", {"name": name, "location": "x"}) for name in ("man", "boss")),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 600}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operationresource", {"operation": "cut", "resource": "man"}),
        ("operation", {"name": "look", "item": "b", "location": "x", "duration": 600}),
        ("operationresource", {"operation": "look", "resource": "man"}),
        ("operationresource", {"operation": "look", "resource": "boss"}),
    )

    names = ("saw", "man", "boss")
    assert [minutes(found, f"capacity of {name}", "2026-03-02") for name in names] == [[720], [720], [1440]]
    assert notes(found) == {"resources that work with slower ones, taken as slow in all of their work": 1}


def test_a_pool_stands_for_its_members_that_have_the_skill() -> None:
    found = said(
        ("resource", {"name": "crew", "location": "x"}),
        *(("resource", {"name": name, "location": "x", "owner": "crew"}) for name in ("ann", "bob", "cas")),
        ("resourceskill", {"resource": "ann", "skill": "weld", "priority": 2}),
        ("resourceskill", {"resource": "cas", "skill": "weld", "priority": 1}),
        ("operation", {"name": "weld", "item": "a", "location": "x", "duration": 60}),
        ("operationresource", {"operation": "weld", "resource": "crew", "skill": "weld"}),
        ("operation", {"name": "carry", "item": "b", "location": "x", "duration": 60}),
        ("operationresource", {"operation": "carry", "resource": "crew"}),
        ("operation", {"name": "fly", "item": "c", "location": "x", "duration": 60}),
        ("operationresource", {"operation": "fly", "resource": "crew", "skill": "fly"}),
    )

    operations = of(found, Operation)
    assert [load.resource for load in operations["weld"].steps[0].loads] == ["cas", "ann"]
    assert [load.resource for load in operations["carry"].steps[0].loads] == ["ann", "bob", "cas"]
    assert "fly" not in operations
    assert notes(found)["operations that no resource can do: none is there, or none has the skill"] == 1
    assert set(of(found, Resource)) == {"ann", "bob", "cas"}


def test_loads_of_one_name_are_a_choice_and_no_limit_is_no_load() -> None:
    found = said(
        ("resource", {"name": "old", "location": "x"}),
        ("resource", {"name": "new", "location": "x"}),
        ("resource", {"name": "endless", "location": "x", "type": "infinite"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 60}),
        ("operationresource", {"operation": "cut", "resource": "old", "name": "saw", "priority": 2}),
        ("operationresource", {"operation": "cut", "resource": "new", "name": "saw", "priority": 1}),
        ("operationresource", {"operation": "cut", "resource": "endless"}),
    )

    (step,) = of(found, Operation)["cut"].steps
    assert [load.resource for load in step.loads] == ["new", "old"]
    assert set(of(found, Resource)) == {"old", "new"}


def test_materials_of_one_name_are_alternates() -> None:
    found = said(
        ("operation", {"name": "make", "item": "a", "location": "x"}),
        used("make", "b", 2, name="body", priority=2),
        used("make", "c", 2, name="body", priority=1),
    )

    assert of(found, Operation)["make"].inputs == (Input(item="c", quantity=2, alternates=("b",)),)


def test_an_operation_named_by_a_demand_makes_what_the_demand_asks() -> None:
    found = said(
        ("operation", {"name": "job", "location": "x", "type": "routing"}),
        ("operation", {"name": "task", "location": "x", "owner": "job", "duration": 3600}),
        (
            "demand",
            {"name": "d", "item": "a", "location": "x", "operation": "job", "due": "2026-04-01 00:00:00"},
        ),
    )

    (operation,) = of(found, Operation).values()
    assert (operation.id, operation.item, operation.site) == ("job", "a", "x")


def test_a_bill_line_keeps_its_validity() -> None:
    found = said(
        ("operation", {"name": "make", "item": "a", "location": "x"}),
        used("make", "b", effective_start="2026-04-01 00:00:00", effective_end="2026-05-01 00:00:00"),
        shift=1,
    )

    (line,) = of(found, Operation)["make"].inputs
    assert (line.from_on, line.until_on) == (day_of("2026-04-08"), day_of("2026-05-08"))


# --- calendars ---


def calendar(default: float, *buckets: dict[str, Any]) -> list[Row]:
    return [
        ("calendar", {"name": "c", "defaultvalue": default}),
        *(("calendarbucket", {"calendar_id": "c", **bucket}) for bucket in buckets),
    ]


WORKDAYS = {"value": 1, "priority": 10, "saturday": False, "sunday": False}


def minutes(translation: Translation, id: str, *days: str) -> list[int]:
    timetable = Timetable(of(translation, CalendarRecord)[id].calendar)
    return [timetable.minutes_on(day_of(day)) for day in days]


def test_the_lowest_priority_number_wins_at_each_moment() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(
            0,
            {**WORKDAYS, "starttime": "08:00:00", "endtime": "17:00:00"},
            {**WORKDAYS, "value": 0, "priority": 1, "starttime": "12:00:00", "endtime": "12:30:00"},
            {"value": 0, "priority": 0, "startdate": "2026-04-06 00:00:00", "enddate": "2026-04-07 00:00:00"},
        ),
    )

    assert minutes(found, "c", "2026-04-03", "2026-04-04", "2026-04-06", "2026-04-07") == [510, 0, 0, 510]


def test_of_equal_priorities_the_one_that_starts_last_wins() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(
            0,
            {"value": 1, "priority": 1, "startdate": "2026-01-01 00:00:00"},
            {"value": 0, "priority": 1, "startdate": "2026-02-01 00:00:00", "enddate": "2026-03-01 00:00:00"},
        ),
    )

    assert minutes(found, "c", "2025-12-31", "2026-01-31", "2026-02-01", "2026-03-01") == [0, 1440, 0, 1440]


def test_of_equal_buckets_that_begin_on_one_day_the_one_that_begins_last_counts() -> None:
    found = said(
        ("resource", {"name": "oven", "location": "x", "maximum_calendar": "hot"}),
        ("calendar", {"name": "hot", "defaultvalue": 0}),
        *(
            ("calendarbucket", {"calendar": "hot", "value": value, "startdate": f"2026-03-02 0{hour}:00:00"})
            for value, hour in ((2, 0), (1, 1))
        ),
    )

    # Two units: all of both for an hour, then one of them.
    assert minutes(found, "capacity of oven", "2026-03-02", "2026-03-03") == [60 + 23 * 30, 720]


def test_a_bucket_that_begins_during_a_day_counts_from_then() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(0, {"value": 1, "startdate": "2026-03-03 18:00:00", "enddate": "2026-03-05 06:00:00"}),
    )

    days = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06")
    assert minutes(found, "c", *days) == [0, 360, 1440, 360, 0]


def test_calendars_move_with_the_other_dates_and_keep_their_weekdays() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(
            0, WORKDAYS, {"value": 0, "priority": 1, "startdate": "2026-03-09", "enddate": "2026-03-10"}
        ),
        shift=3,
    )

    assert minutes(found, "c", "2026-03-09", "2026-03-30", "2026-03-31", "2026-04-04") == [1440, 0, 1440, 0]


def test_capacity_is_value_times_the_open_minutes_of_the_site() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(0, {**WORKDAYS, "starttime": "08:00:00", "endtime": "16:00:00"}),
        ("calendar", {"name": "crew", "defaultvalue": 2}),
        ("calendarbucket", {"calendar": "crew", "value": 1, "startdate": "2026-04-01 00:00:00"}),
        ("resource", {"name": "line", "location": "x", "maximum_calendar_id": "crew"}),
        ("resource", {"name": "oven", "location": "x", "maximum": 3}),
        ("resource", {"name": "half", "location": "x", "maximum": 0.5}),
        ("resource", {"name": "slow", "location": "x", "efficiency": 50}),
    )

    resources = of(found, Resource)
    assert {name: resource.units for name, resource in resources.items()} == {
        "line": 2,
        "oven": 3,
        "half": 1,
        "slow": 1,
    }
    assert minutes(found, "capacity of line", "2026-03-31", "2026-04-01", "2026-04-04") == [480, 240, 0]
    assert minutes(found, "capacity of oven", "2026-03-31", "2026-04-04") == [480, 0]
    assert minutes(found, "capacity of half", "2026-03-31") == [0]
    assert minutes(found, "capacity of slow", "2026-03-31") == [240]


def test_a_job_that_needs_several_units_at_once_never_runs_on_fewer() -> None:
    found = said(
        ("calendar", {"name": "crew", "defaultvalue": 1}),
        ("calendarbucket", {"calendar": "crew", "value": 5, "startdate": "2026-04-01 00:00:00"}),
        ("resource", {"name": "crew", "location": "x", "maximum_calendar": "crew"}),
        ("operation", {"name": "lift", "item": "a", "location": "x", "duration": 3600}),
        ("operationresource", {"operation": "lift", "resource": "crew", "quantity": 2}),
        ("resource", {"name": "belt", "location": "x", "maximum": 1}),
        ("operation", {"name": "ride", "item": "b", "location": "x", "duration": 3600}),
        ("operationresource", {"operation": "ride", "resource": "belt", "quantity": 0.25}),
        ("operation", {"name": "haul", "item": "c", "location": "x", "duration": 3600}),
        ("operationresource", {"operation": "haul", "resource": "belt", "quantity": 0.5}),
    )

    assert {name: resource.units for name, resource in of(found, Resource).items()} == {"crew": 2, "belt": 2}
    assert minutes(found, "capacity of crew", "2026-03-31", "2026-04-01") == [0, 1440]
    assert of(found, Operation)["lift"].steps[0].loads == (Load(resource="crew"),)
    assert notes(found)["loads of different sizes on one resource, all taken as the largest"] == 1


def test_a_resource_works_where_its_work_is_and_nowhere_else() -> None:
    found = said(
        ("resource", {"name": "crew"}),
        ("resource", {"name": "crane", "location": "y"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 60}),
        ("operation", {"name": "lift", "item": "b", "location": "x", "duration": 60}),
        ("operation", {"name": "drop", "item": "c", "location": "y", "duration": 60}),
        ("operationresource", {"operation": "cut", "resource": "crew"}),
        ("operationresource", {"operation": "lift", "resource": "crane"}),
        ("operationresource", {"operation": "drop", "resource": "crane"}),
    )

    assert {name: resource.site for name, resource in of(found, Resource).items()} == {
        "crew": "x",
        "crane": "y",
    }
    assert set(of(found, Operation)) == {"cut", "drop"}
    assert notes(found) == {
        "operations that no resource can do: none is there, or none has the skill": 1,
        "work on a resource that works at another location": 1,
    }
    assert check(found.records) == []


def test_what_cannot_be_kept_is_not_used_rather_than_promised_too_early() -> None:
    found = said(
        ("resource", {"name": "hours", "location": "x", "type": "buckets_week"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 60}),
        ("operationresource", {"operation": "cut", "resource": "hours"}),
        ("operation", {"name": "wait", "item": "b", "location": "x", "duration": 60}),
        ("operationdependency", {"operation": "wait", "blockedby": "cut"}),
    )

    assert of(found, Operation) == {}
    assert notes(found) == {
        "resources of type buckets_week, whose capacity is kept in buckets: work on them is not used": 1,
        "operations that no resource can do: none is there, or none has the skill": 1,
        "operations that wait for other operations: they are not used": 1,
    }


def test_a_yield_that_changes_with_time_is_an_operation_for_each_time() -> None:
    found = said(
        ("operation", {"name": "make", "item": "a", "location": "x", "sizeminimum": 10}),
        (
            "operationmaterial",
            {"operation": "make", "item": "a", "quantity": 0.5, "effective_end": "2026-04-01"},
        ),
        (
            "operationmaterial",
            {"operation": "make", "item": "a", "quantity": 2, "effective_start": "2026-04-01"},
        ),
        used("make", "b"),
    )

    day = day_of("2026-04-01")
    assert [(o.id, o.inputs[0].quantity, o.inputs[0].per, o.lot_min, o.from_on, o.until_on)
            for o in of(found, Operation).values()] == [
        ("make", 2, 1, 5, None, day),
        ("make #2", 1, 2, 20, day, None),
    ]  # fmt: skip


def test_an_order_may_be_under_way_on_an_operation_that_is_not_planned_with() -> None:
    found = said(
        ("operation", {"name": "supply", "item": "a", "location": "x", "priority": 0}),
        plan(type="MO", operation="supply", enddate="2026-03-04 00:00:00"),
    )

    assert of(found, Operation) == {}
    assert [(receipt.item, receipt.quantity) for receipt in receipts(found)] == [("a", 10)]


def test_a_waiting_time_fills_the_usual_open_hours_of_its_site() -> None:
    found = said(
        ("location", {"name": "x", "available_id": "c"}),
        *calendar(0, {**WORKDAYS, "starttime": "08:00:00", "endtime": "16:00:00"}),
        ("operation", {"name": "wait", "item": "a", "location": "x", "duration": 9 * 3600}),
        ("operation", {"name": "grow", "item": "b", "location": "x", "type": "time_per", "duration_per": 60}),
    )

    assert of(found, Operation)["wait"].lead_days == 2
    assert of(found, Operation)["grow"].day_minutes == 480


# --- orders ---


def plan(**fields: Any) -> Row:
    return "operationplan", {"reference": "R1", "status": "confirmed", "quantity": 10, **fields}


def receipts(translation: Translation) -> list[ReceiptStated]:
    return [news for news in translation.news if isinstance(news, ReceiptStated)]


def test_a_purchase_arrives_on_its_day_and_during_a_day_on_the_next() -> None:
    found = said(
        plan(type="PO", item="a", location="x", supplier="s", enddate="2026-03-05 00:00:00"),
        plan(
            type="PO",
            reference="R2",
            status="approved",
            item="a",
            location="x",
            enddate="2026-03-05 19:00:01",
        ),
    )

    assert [(r.id, r.kind, r.quantity, r.due_on, r.released) for r in receipts(found)] == [
        ("R1", SupplyKind.purchase, 10, day_of("2026-03-05"), True),
        ("R2", SupplyKind.purchase, 10, day_of("2026-03-06"), False),
    ]


def test_a_distribution_draws_at_its_origin_unless_it_has_left() -> None:
    found = said(
        plan(type="DO", item="a", origin="x", destination="y",
             startdate="2026-03-04 10:00:00", enddate="2026-03-06 00:00:00"),
        plan(type="DO", reference="R2", item="a", destination="y", enddate="2026-03-06 00:00:00"),
    )  # fmt: skip

    first, second = receipts(found)
    assert (first.site, first.components) == (
        "y",
        (Component(key="node:a@x", on=day_of("2026-03-04"), quantity=10),),
    )
    assert (second.site, second.components) == ("y", ())


def test_a_production_under_way_still_takes_its_material_and_its_minutes_from_today() -> None:
    found = said(
        ("resource", {"name": "saw", "location": "x"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "type": "time_per", "duration_per": 21600}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        used("cut", "b", 2),
        plan(type="MO", operation="cut", quantity_completed=2,
             startdate="2026-03-01 00:00:00", enddate="2026-03-04 00:00:00"),
    )  # fmt: skip

    (receipt,) = receipts(found)
    assert (receipt.item, receipt.quantity, receipt.due_on) == ("a", 8, day_of("2026-03-04"))
    assert receipt.components == (
        Component(key="node:b@x", on=TODAY, quantity=16),
        Component(key="resource:saw", on=TODAY, quantity=1440),
    )


def test_a_production_under_way_takes_the_same_minutes_of_all_it_needs_at_once() -> None:
    found = said(
        *calendar(0, {**WORKDAYS, "starttime": "08:00:00", "endtime": "16:00:00"}),
        ("resource", {"name": "saw", "location": "x"}),
        ("resource", {"name": "man", "location": "x", "available": "c"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 600 * 60}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operationresource", {"operation": "cut", "resource": "man"}),
        plan(type="MO", operation="cut", startdate="2026-03-06 00:00:00", enddate="2026-03-10 00:00:00"),
    )

    (receipt,) = receipts(found)
    friday, monday = day_of("2026-03-06"), day_of("2026-03-09")
    assert receipt.components == (
        Component(key="resource:saw", on=friday, quantity=480),
        Component(key="resource:man", on=friday, quantity=480),
        Component(key="resource:saw", on=monday, quantity=120),
        Component(key="resource:man", on=monday, quantity=120),
    )


def test_work_under_way_of_resources_that_never_meet_is_said_not_to_be_taken() -> None:
    weekend = {
        "value": 1,
        "monday": False,
        "tuesday": False,
        "wednesday": False,
        "thursday": False,
        "friday": False,
    }
    found = said(
        *calendar(0, {**WORKDAYS, "value": 1}),
        ("calendar", {"name": "weekend", "defaultvalue": 0}),
        ("calendarbucket", {"calendar": "weekend", **weekend}),
        ("resource", {"name": "saw", "location": "x", "available": "weekend"}),
        ("resource", {"name": "man", "location": "x", "available": "c"}),
        ("operation", {"name": "cut", "item": "a", "location": "x", "duration": 600 * 60}),
        ("operationresource", {"operation": "cut", "resource": "saw"}),
        ("operationresource", {"operation": "cut", "resource": "man"}),
        plan(type="MO", operation="cut", startdate="2026-03-06 00:00:00", enddate="2026-03-10 00:00:00"),
    )  # fmt: skip

    (receipt,) = receipts(found)
    assert receipt.components == ()
    assert notes(found) == {
        "orders under way whose work does not fit into three years: the rest of its minutes is not taken": 1
    }


def test_wip_that_consumes_nothing_says_so_in_a_parameter() -> None:
    rows: list[Row] = [
        ("operation", {"name": "cut", "item": "a", "location": "x"}),
        used("cut", "b"),
        plan(type="MO", operation="cut", startdate="2026-03-01", enddate="2026-03-04"),
    ]
    parameter = {"model": "common.parameter", "fields": {"name": "WIP.consume_material", "value": "false"}}
    data = json.dumps([*json.loads(fixture(*rows)), parameter]).encode()

    (receipt,) = receipts(translate(parse(data, "small"), today=TODAY, reopen=False))

    assert receipt.components == ()


def test_closed_orders_are_counted_and_left_out() -> None:
    found = said(plan(type="PO", status="closed", item="a", location="x"))

    assert receipts(found) == []
    assert notes(found) == {"orders with status closed": 1}


# --- demands ---


def demand(name: str, due: str, **more: Any) -> Row:
    return "demand", {"name": name, "item": "a", "location": "x", "due": f"{due} 00:00:00", **more}


def test_only_open_demands_come_in_and_with_reopen_all_of_them() -> None:
    rows = [demand("d1", "2026-06-01"), demand("d2", "2026-06-02", status="closed")]

    assert [line.id for line in said(*rows).lines] == ["d1"]
    assert notes(said(*rows)) == {"demands with status closed": 1}
    assert [line.id for line in said(*rows, reopen=True).lines] == ["d1", "d2"]


@pytest.mark.parametrize(
    ("due", "weeks"),
    [
        ("2026-03-30", 0),  # 28 days after today
        ("2026-03-29", 1),
        ("2026-03-23", 1),
        ("2026-03-22", 2),
        ("2026-04-05", 0),
        ("2026-04-06", -1),
    ],
)
def test_reopening_moves_by_the_smallest_number_of_weeks(due: str, weeks: int) -> None:
    assert weeks_ahead(parse(fixture(demand("d", due)), "small"), TODAY) == weeks


def test_nothing_to_reopen_is_an_error() -> None:
    with pytest.raises(InputError, match="no demands"):
        said(item("a"), reopen=True)


def test_a_line_becomes_one_request_that_takes_the_best_answer() -> None:
    (line,) = said(demand("d1", "2026-06-01", customer="c", quantity=5, priority=3)).lines

    assert (line.source, line.id, line.priority, line.due_on) == (
        "frepple/small",
        "d1",
        3,
        day_of("2026-06-01"),
    )
    request = line.request
    assert (request.id, request.verb, request.accept) == ("open:frepple/small:d1", "commit", "best")
    assert (request.customer, request.ref) == ("c", "d1")
    (asked,) = request.lines
    assert (asked.item, asked.quantity, asked.requested_on, asked.site) == ("a", 5, day_of("2026-06-01"), "x")


def test_a_due_date_is_a_deadline_and_customers_take_the_open_day_before_it() -> None:
    found = said(("customer", {"name": "all"}), ("customer", {"name": "c", "owner": "all"}), item("a"))

    assert found.policy == (Customer(id="c", name="c", early_days_max=21),)
    assert notes(found) == {"groups of customers": 1}


# --- the real models ---


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "lines", "records"),
    [
        ("demo", 14, {"Item": 6, "Site": 2, "Resource": 3, "Operation": 3, "Lane": 1, "Term": 6}),
        ("distribution_demo", 3_294, {"Item": 11, "Site": 3, "Lane": 22, "Term": 11}),
        (
            "manufacturing_demo",
            220,
            {"Item": 11, "Site": 4, "Resource": 7, "Operation": 7, "Lane": 26, "Term": 5},
        ),
        ("flow_line", 10, {"Item": 70, "Site": 1, "Resource": 9, "Operation": 70}),
        ("jobshop", 10, {"Item": 10, "Site": 1, "Resource": 10, "Operation": 10}),
    ],
)
def test_every_demand_of_the_real_models_becomes_a_line_on_a_sound_graph(
    name: str, lines: int, records: dict[str, int], real_data: Callable[[str], Path]
) -> None:
    model = read(real_data(f"frepple_models/{name}.json.gz"))

    found = translate(model, today=TODAY, reopen=True)

    assert len(found.lines) == lines == model.counts["demand"]
    kinds = Counter(type(record).__name__ for record in found.records)
    assert {kind: kinds[kind] for kind in records} == records
    assert check(found.records) == []
    earliest = min(line.due_on for line in found.lines)
    assert 28 <= earliest - TODAY < 35


@pytest.mark.real_data
def test_fractions_of_the_real_model_are_whole(real_data: Callable[[str], Path]) -> None:
    model = read(real_data("frepple_models/manufacturing_demo.json.gz"))

    found = translate(model, today=TODAY, reopen=True)

    scales = {record.id: record.scale for record in found.records if isinstance(record, Item)}
    assert {name for name, scale in scales.items() if scale != 1} == {"varnished chair"}
    tenths = [line for line in found.lines if line.request.lines[0].item == "varnished chair"]
    assert sum(line.request.lines[0].quantity % 10 != 0 for line in tenths) == 10


@pytest.mark.real_data
def test_without_reopen_only_the_open_demands_come_in(real_data: Callable[[str], Path]) -> None:
    model = read(real_data("frepple_models/manufacturing_demo.json.gz"))

    found = translate(model, today=TODAY, reopen=False)

    assert len(found.lines) == 16
    assert notes(found)["demands with status closed"] == 204
    assert not any(note.kind is Kind.changed for note in found.notes)
    assert all(isinstance(news, MasterStated | Counted | ReceiptStated) for news in found.news)
