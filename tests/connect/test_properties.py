"""What is true of every calendar and of every file, whatever is in it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from accord.connect.files.tables import Format, table
from accord.connect.files.translate import read, translate
from accord.connect.frepple import words
from accord.connect.frepple.calendars import Course, capacity, working
from accord.connect.frepple.read import parse
from accord.connect.frepple.translate import translate as translate_model
from accord.kit.calendars import Timetable
from accord.kit.errors import InputError, Malformed
from accord.ledger.decide.graph import Graph
from accord.policy.model import Book, Rules

START = datetime(2026, 3, 2)  # noqa: DTZ001 - frePPLe's moments have no zone

moments = st.integers(0, 20 * 24).map(lambda hours: START + timedelta(hours=hours))
clocks = st.integers(0, 23).map(lambda hour: f"{hour:02}:00:00")
buckets = st.lists(
    st.builds(
        words.CalendarBucket,
        calendar=st.just("c"),
        startdate=st.none() | moments,
        enddate=st.none() | moments,
        value=st.integers(0, 3).map(Decimal),
        priority=st.integers(0, 2),
        monday=st.booleans(),
        thursday=st.booleans(),
        sunday=st.booleans(),
        starttime=st.none() | clocks,
        endtime=st.none() | clocks | st.just("23:59:59"),
    ),
    max_size=5,
    unique_by=lambda bucket: (bucket.priority, bucket.startdate),
)


def value_at(at: datetime, default: int, given: list[words.CalendarBucket]) -> int:
    """What frePPLe's manual says: the effective bucket of the lowest priority, of equals the one that starts last."""
    best: tuple[int, float] | None = None
    value = default
    for bucket in given:
        hour = at.hour
        start = int((bucket.starttime or "00")[:2])
        end = 24 if bucket.endtime in (None, "23:59:59") else int(bucket.endtime[:2])
        inside = (bucket.startdate is None or bucket.startdate <= at) and (
            bucket.enddate is None or at < bucket.enddate
        )
        if not (inside and start <= hour < end and bucket.weekdays[at.weekday()]):
            continue
        since = bucket.startdate or words.ALWAYS_FROM
        rank = (bucket.priority, -since.toordinal() - since.hour / 24)
        if best is None or rank < best:
            best, value = rank, int(bucket.value)
    return value


@given(default=st.integers(0, 2), given_buckets=buckets, offset=st.integers(-3, 25))
def test_a_calendar_of_theirs_has_the_minutes_that_its_hours_add_up_to(
    default: int, given_buckets: list[words.CalendarBucket], offset: int
) -> None:
    day = START + timedelta(days=offset)
    values = [value_at(day + timedelta(hours=hour), default, given_buckets) for hour in range(24)]
    course = Course(Decimal(default), given_buckets)
    number = day.date().toordinal()

    open_minutes = Timetable(working("c", [course], weeks=0)).minutes_on(number)
    made = capacity("c", course, [course], units=3, efficiency=Fraction(1), weeks=2)

    assert open_minutes == 60 * sum(value > 0 for value in values)
    assert Timetable(made).minutes_on(number + 14) == 60 * sum(values) // 3


@given(data=st.binary(max_size=200), name=st.sampled_from(["a.csv", "a.json", "a.xlsx", "a.csv.gz"]))
@example(data=b"a,b\n1,2\n", name="a.csv")
@example(data=b"PK\x03\x04", name="a.xlsx")
def test_any_bytes_are_a_table_or_an_error_that_says_so(data: bytes, name: str) -> None:
    try:
        found = table(name, data, Format())
    except (InputError, Malformed):
        return
    assert all(len(cells) == len(found.columns) for _, cells in found.rows)


@given(rows=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6), st.text(max_size=6)), max_size=5))
def test_any_words_are_a_count_or_a_problem(
    rows: list[tuple[str, str, str]], tmp_path_factory: object
) -> None:
    path = Path(str(tmp_path_factory.getbasetemp())) / "on_hand.json"  # type: ignore[attr-defined]
    path.write_text(json.dumps([dict(zip(("item", "site", "quantity"), row, strict=True)) for row in rows]))

    try:
        found = translate(
            read([path], None),
            graph=Graph(0, []),
            book=Book(version=0, rules=Rules(), customers={}, tiers={}, prices={}),
            now=0,
        )
    except (InputError, Malformed):
        return
    assert found.news == ()


kinds = st.sampled_from(sorted(words.MODELS))
values = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(0, 9)
    | st.sampled_from(["a", "b", "1", "2026-03-02"])
)
names = st.sampled_from(["name", "item_id", "location", "operation", "owner", "quantity", "duration", "due", "priority", "type",
                         "resource", "origin", "supplier", "reference", "status", "calendar", "value", "onhand"])  # fmt: skip


@given(
    st.lists(
        st.tuples(kinds, st.dictionaries(names, values, max_size=8)).map(
            lambda pair: {"model": f"input.{pair[0]}", "fields": pair[1]}
        ),
        max_size=8,
    )
)
def test_any_model_is_translated_or_refused_with_a_reason(rows: list[dict[str, object]]) -> None:
    today = date(2026, 3, 2).toordinal()
    try:
        found = translate_model(parse(json.dumps(rows).encode(), "any"), today=today, reopen=False)
    except (InputError, Malformed):
        return
    assert {line.id for line in found.lines} <= {
        str(row["fields"]["name"]) for row in rows if "name" in row["fields"]
    }  # type: ignore[index,operator]
