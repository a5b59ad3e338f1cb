"""Do our ATP views agree with worked examples from textbooks and manuals?

A case names its `view`, its `inputs` and the rows it `expected`s. Quantities are whole numbers; rows are lists, one
cell a period, or objects by period number from 1 or by date. In inputs an empty cell is zero; in expected rows it is
not checked. Dated inputs are counted by day from `today`, for `window_days` days; what lies outside is not part.
"""

from collections.abc import Mapping, Sequence

import msgspec

from accord.kit.days import Day, day_of, iso
from accord.kit.errors import InputError, Malformed
from accord.ledger.decide import views

VIEWS = ("period", "discrete", "discrete_mps", "cumulative", "lookahead")
OTHER = "other"  # a vendor's own variant: reported, not checked

PERIODS_MAX = 10_000
QUANTITY_MAX = 10**15  # beyond it the sums of the views could leave what JSON readers hold exactly

Row = tuple[int | None, ...]  # by period; None: this view has no number there


class Case(msgspec.Struct, frozen=True):
    """One worked example, read but not yet computed."""

    id: str
    view: str  # one of VIEWS, or OTHER
    inputs: Mapping[str, object]
    expected: Mapping[str, object]


class Difference(msgspec.Struct, frozen=True):
    """One cell in which we and the example disagree."""

    case: str
    row: str  # "atp"
    period: str  # "3", or the date of a dated case; "" when the whole row is meant
    expected: int | None
    found: int | None  # None: our view has no such number
    detail: str


class Report(msgspec.Struct, frozen=True):
    """The outcome of a comparison."""

    cases: int  # all that were read
    checked: int  # without those of view OTHER
    agree: int  # of the checked ones, those without any difference
    other: int
    cells: int  # single numbers compared
    differences: tuple[Difference, ...]
    other_cases: tuple[str, ...]  # ids of the cases of view OTHER

    @property
    def sentence(self) -> str:
        """The outcome in one line."""
        return f"{self.agree} of {self.checked} cases agree"


def read_cases(data: bytes) -> tuple[Case, ...]:
    """The cases of a JSON file: a list of cases, or a single one.

    Raises: Malformed when it is no JSON; InputError naming case and field, for an unknown view with the known ones.
    """
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(
            f"The file is not JSON in UTF-8: {error}. Save it as UTF-8 and check the place named."
        ) from None
    found = content if isinstance(content, list) else [content]
    if not found:
        raise InputError.at("/", "no_cases", "The file holds no case. Give a list of cases, or one.")
    cases = tuple(_case(entry, number) for number, entry in enumerate(found, start=1))
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise _wrong(case.id, "id", "twice", "is used by two cases. Give each case its own.")
        seen.add(case.id)
    return cases


def compute(case: Case) -> dict[str, Row]:
    """Every row this case's view has: always `atp` and `projected_on_hand`, for MPS views also `mps`.

    Raises: InputError naming case and field when an input is missing or malformed.
    """
    if case.view == OTHER:
        raise _wrong(
            case.id, "view", "not_computed", f"is {OTHER}, a vendor's own variant, and has no rows of ours."
        )
    table = _table(case)
    on_hand = _number(case, "on_hand", default=0)
    if case.view == "discrete_mps":
        orders, forecast = _orders_and_forecast(table)
        lot_size = _number(case, "lot_size")
        if lot_size <= 0:
            raise _wrong(case.id, "inputs/lot_size", "not_positive", f"is {lot_size}. Give more than zero.")
        plan = views.plan_lots(
            on_hand, forecast=forecast, orders=orders, lot_size=lot_size, fixed=_row(table, "mps")
        )
        return {
            "atp": views.discrete(on_hand, plan.mps, orders),
            "projected_on_hand": plan.projected_on_hand,
            "mps": plan.mps,
            "projected_before_mps": plan.before,
        }
    if case.view == "discrete":
        mps = _needed(table, "mps", "supply", "scheduled_supply")
        orders, forecast = _orders_and_forecast(table)
        after = views.projected(on_hand, mps, views.larger(forecast, orders))
        return {"atp": views.discrete(on_hand, mps, orders), "projected_on_hand": after, "mps": mps}
    supply = _needed(table, "supply", "scheduled_supply", "mps")
    demand = _needed(table, "demand", "scheduled_demand", "orders")
    if case.view == "period":
        atp = views.period(supply, demand)
    elif case.view == "cumulative":
        atp = views.cumulative(on_hand, supply, demand)
    else:
        atp = views.lookahead(on_hand, supply, demand)
    return {"atp": atp, "projected_on_hand": views.projected(on_hand, supply, demand)}


def check(cases: Sequence[Case]) -> Report:
    """Compute each case and compare every cell it expects.

    Raises: InputError as `compute` does, and for a case that expects nothing: it would agree with anything.
    """
    differences: list[Difference] = []
    agree = cells = 0
    checked = [case for case in cases if case.view != OTHER]
    for case in checked:
        compared, wrong = _compare(case, compute(case))
        if not compared:
            raise _wrong(
                case.id, "expected", "missing", "has no number to compare. Give at least the row atp."
            )
        cells += compared
        agree += not wrong
        differences += wrong
    others = tuple(case.id for case in cases if case.view == OTHER)
    return Report(len(cases), len(checked), agree, len(others), cells, tuple(differences), others)


def _compare(case: Case, rows: Mapping[str, Row]) -> tuple[int, list[Difference]]:
    """How many cells were compared, and those that differ."""
    first = _table(case).first
    compared, wrong = 0, []
    for name, content in case.expected.items():
        if content is None or isinstance(content, str):  # not checked; a note
            continue
        row = rows.get(name, ())
        for index, expected in _cells(case, f"expected/{name}", content, first):
            compared += 1
            found = row[index] if 0 <= index < len(row) else None
            # Where a view has a period but no number, books print an empty cell or a nought: both say "nothing".
            blank = 0 <= index < len(row) and found is None
            if found == expected or (blank and expected == 0):
                continue
            period = str(index + 1) if first is None else iso(first + index)
            detail = f"{name} of {period} is {'empty' if found is None else found}, expected {expected}"
            if name not in rows:
                detail = f"the view {case.view} has no row {name}; it has {', '.join(rows)}"
            wrong.append(Difference(case.id, name, period, expected, found, detail))
    return compared, wrong


class _Table(msgspec.Struct, frozen=True):
    """The inputs of a case, and which periods their rows cover."""

    case: Case
    first: Day | None  # the day of the first period; None: periods are only numbered
    length: int  # periods


def _table(case: Case) -> _Table:
    """Fix the periods: stated, else those of the lists, which must agree, else up to the last one named."""
    first = None if case.inputs.get("today") is None else _day(case, "inputs/today", case.inputs["today"])
    rows = {name: content for name in _ROWS if (content := case.inputs.get(name)) is not None}
    lengths = {name: len(content) for name, content in rows.items() if isinstance(content, list)}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise _wrong(
            case.id,
            f"inputs/{next(iter(lengths))}",
            "lengths_differ",
            f"does not fit: {found}. Give every period.",
        )
    stated = next((name for name in ("window_days", "periods") if case.inputs.get(name) is not None), None)
    if stated is not None:
        field, length = stated, _number(case, stated)
    elif lengths:
        field, length = next(iter(lengths.items()))
    else:
        named = [
            index
            for name, content in rows.items()
            for index, _ in _cells(case, f"inputs/{name}", content, first)
        ]
        field, length = next(iter(rows), "supply"), max(named, default=-1) + 1
    if not 1 <= length <= PERIODS_MAX:
        detail = f"makes {length} periods. Give 1 to {PERIODS_MAX}; for dated rows state window_days."
        raise _wrong(case.id, f"inputs/{field}", "no_periods", detail)
    return _Table(case, first, length)


_ROWS = ("supply", "demand", "mps", "forecast", "orders", "scheduled_supply", "scheduled_demand")


def _row(table: _Table, name: str) -> tuple[int, ...] | None:
    """One input row, zero where it says nothing; None when the case does not have it."""
    content = table.case.inputs.get(name)
    if content is None:
        return None
    row = [0] * table.length
    for index, quantity in _cells(table.case, f"inputs/{name}", content, table.first):
        if quantity < 0:
            raise _wrong(table.case.id, f"inputs/{name}", "negative", f"holds {quantity}. Give zero or more.")
        if 0 <= index < table.length:
            row[index] = quantity
    return tuple(row)


def _needed(table: _Table, *names: str) -> tuple[int, ...]:
    """The first of these rows that the case has: books and vendors name the same row differently."""
    found = next((row for name in names if (row := _row(table, name)) is not None), None)
    if found is None:
        detail = f"is missing. Give {' or '.join(names)}, one number a period."
        raise _wrong(table.case.id, f"inputs/{names[0]}", "missing", detail)
    return found


def _orders_and_forecast(table: _Table) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Both rows; where there is a forecast, orders may be missing: none have come yet."""
    forecast = _row(table, "forecast")
    nothing = (0,) * table.length
    if forecast is not None and all(
        _row(table, name) is None for name in ("orders", "demand", "scheduled_demand")
    ):
        return nothing, forecast
    return _needed(table, "orders", "demand", "scheduled_demand"), forecast or nothing


def _cells(case: Case, field: str, content: object, first: Day | None) -> list[tuple[int, int]]:
    """The filled cells of a row as (index from 0, quantity); an index may lie outside the periods."""
    if isinstance(content, list):
        filled = [(index, value) for index, value in enumerate(content) if value is not None]
    elif isinstance(content, Mapping):
        filled = [
            (_index(case, field, key, first), value) for key, value in content.items() if value is not None
        ]
    else:
        raise _wrong(case.id, field, "not_a_row", "is no row. Give a list, or an object by period or date.")
    indexes = [index for index, _ in filled]
    if len(set(indexes)) < len(indexes):
        raise _wrong(case.id, field, "twice", "names a period twice. Give each period once.")
    return [(index, _whole(case, field, value)) for index, value in filled]


def _index(case: Case, field: str, key: str, first: Day | None) -> int:
    if key.isascii() and key.isdigit() and 1 <= len(key) <= 6 and int(key) >= 1:
        return int(key) - 1
    day = _day(case, field, key)
    if first is None:
        raise _wrong(
            case.id, "inputs/today", "missing", f"is missing, and {field} has dates. Give the first date."
        )
    return day - first


def _number(case: Case, name: str, default: int | None = None) -> int:
    value = case.inputs.get(name, default)
    if value is None:
        raise _wrong(case.id, f"inputs/{name}", "missing", "is missing. Give a whole number.")
    return _whole(case, f"inputs/{name}", value)


def _whole(case: Case, field: str, value: object) -> int:
    if isinstance(value, float) and value.is_integer():  # spreadsheets write 3.0 for 3
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(case.id, field, "not_whole", f"holds {str(value)[:40]!r}. Give whole numbers.")
    if abs(value) > QUANTITY_MAX:
        raise _wrong(case.id, field, "too_large", f"holds {str(value)[:40]}. The most is {QUANTITY_MAX}.")
    return value


def _day(case: Case, field: str, value: object) -> Day:
    try:
        return day_of(value if isinstance(value, str) else "")
    except InputError:
        detail = f"holds {str(value)[:40]!r}, which is no period from 1 and no date. Write 3 or 2026-03-12."
        raise _wrong(case.id, field, "not_a_date", detail) from None


def _case(entry: object, number: int) -> Case:
    if not isinstance(entry, Mapping):
        raise _wrong(
            f"#{number}", "", "not_a_case", "is no case. Give an object with id, view, inputs and expected."
        )
    id = entry.get("id", f"#{number}")
    if not isinstance(id, str) or not id:
        raise _wrong(f"#{number}", "id", "not_text", "is no text. Give the case a name.")
    view = entry.get("view")
    if view != OTHER and view not in VIEWS:
        known = ", ".join((*VIEWS, OTHER))
        detail = "is missing" if view is None else f"is {str(view)[:40]!r}, which is not known"
        raise _wrong(id, "view", "unknown_view", f"{detail}. Known views: {known}.")
    parts: dict[str, Mapping[str, object]] = {}
    for name in ("inputs", "expected"):
        part = entry.get(name, {})
        if not isinstance(part, Mapping):
            raise _wrong(id, name, "not_an_object", "is no object. Give its rows by name.")
        parts[name] = part
    return Case(id=id, view=str(view), **parts)


def _wrong(case: str, field: str, code: str, detail: str) -> InputError:
    return InputError.at(
        f"/{case}/{field}" if field else f"/{case}", code, f"Case {case}: {field or 'it'} {detail}"
    )
