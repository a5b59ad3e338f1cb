"""Can these records be used, and how are they written down?

`check` is asked before records are stored: it names every unknown reference, cyclic bill and impossible number
with what to do about it, so that no graph is ever built on them. A pointer is "/kind/id/field".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from accord.kit.days import AHEAD_DAYS_MAX, MINUTES_A_DAY
from accord.kit.digest import canonical
from accord.kit.errors import Fault, FieldError, InputError
from accord.kit.quantity import is_decimal_scale
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Delivery,
    Item,
    Lane,
    LimitRecord,
    Operation,
    Record,
    Resource,
    Site,
    Substitute,
    Supplier,
    Term,
)

KINDS: Mapping[str, type[Record]] = {
    "item": Item,
    "site": Site,
    "calendar": CalendarRecord,
    "resource": Resource,
    "operation": Operation,
    "lane": Lane,
    "supplier": Supplier,
    "term": Term,
    "substitute": Substitute,
    "delivery": Delivery,
    "allocation": Allocation,
    "limit": LimitRecord,
}
_NAMES: Mapping[type[Record], str] = {type_: name for name, type_ in KINDS.items()}
_DECODERS = {name: msgspec.json.Decoder(type_, strict=True) for name, type_ in KINDS.items()}


def kind_name(record: Record) -> str:
    """The word for a record's kind: "item", "operation", …"""
    try:
        return _NAMES[type(record)]
    except KeyError:
        raise Fault(f"{type(record).__name__} is no master data of the ledger") from None


def to_body(record: Record) -> bytes:
    """The record as JSON, the same bytes for equal records; `from_record` reads it."""
    return canonical(record)


def from_record(kind: str, body: bytes) -> Record:
    """The record of a kind from its JSON.

    Raises: InputError for a kind that is not known or a body that does not fit it.
    """
    decoder = _DECODERS.get(kind)
    if decoder is None:
        detail = f"{kind[:40]!r} is no kind of master data. Use one of {', '.join(KINDS)}."
        raise InputError.at("kind", "unknown_kind", detail)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InputError.at(kind, "does_not_fit", f"This is not a readable {kind}: {error}.") from None


def check(records: Iterable[Record]) -> list[FieldError]:
    """Everything that is wrong with the records as a whole, in their order, cyclic bills last; empty = usable."""
    rows = list(records)
    known = _Known(rows)
    errors: list[FieldError] = []
    seen: set[tuple[str, str]] = set()
    for row in rows:
        where = f"/{kind_name(row)}/{row.id}"
        if not row.id:
            errors.append(FieldError(where, "id_missing", "The id is empty. Give every record an id."))
        if (kind_name(row), row.id) in seen:
            detail = f"{kind_name(row)} {row.id} is there twice. Keep one of the two."
            errors.append(FieldError(where, "duplicate", detail))
        seen.add((kind_name(row), row.id))
        errors += known.errors_of(row, where)
    errors += _cycles(row for row in rows if isinstance(row, Operation))
    return errors


class _Known:
    """The ids that others may refer to."""

    def __init__(self, rows: Sequence[Record]) -> None:
        self._ids: dict[str, set[str]] = {name: set() for name in KINDS}
        self._resource_sites: dict[str, str] = {}
        for row in rows:
            self._ids[kind_name(row)].add(row.id)
            if isinstance(row, Resource):
                self._resource_sites[row.id] = row.site

    def errors_of(self, row: Record, where: str) -> Iterator[FieldError]:
        """What is wrong with one record."""
        match row:
            case Item():
                yield from _not_negative(
                    where, cost_minor=row.cost_minor, holding_bp_a_year=row.holding_bp_a_year
                )
                if not is_decimal_scale(row.scale):
                    detail = f"The scale {row.scale} has no exact decimals. Use a power of ten, such as 1, 10 or 1000."
                    yield FieldError(f"{where}/scale", "scale_not_decimal", detail)
            case Site():
                yield from self._calendar(where, row.calendar)
                if row.cutoff_minute is not None and not 0 <= row.cutoff_minute <= MINUTES_A_DAY:
                    detail = f"The cut-off is {row.cutoff_minute}. Give minutes after midnight, 0 to {MINUTES_A_DAY}."
                    yield FieldError(f"{where}/cutoff_minute", "out_of_range", detail)
                if not _is_zone(row.zone):
                    detail = f"{row.zone!r} is not a time zone. Use a name of the tz database, such as Europe/Oslo."
                    yield FieldError(f"{where}/zone", "unknown_zone", detail)
            case CalendarRecord():
                pass  # a Calendar checks itself
            case Resource():
                yield from self._refers(where, site=row.site)
                yield from self._calendar(where, row.calendar)
                yield from _not_negative(
                    where,
                    units=row.units,
                    overtime_minutes=row.overtime_minutes,
                    overtime_cost_minor=row.overtime_cost_minor,
                )
            case Supplier():
                yield from self._calendar(where, row.calendar)
                yield from _not_negative(where, capacity=row.capacity or 0)
            case Operation():
                yield from self._refers(where, item=row.item, site=row.site)
                yield from self._bill(row, where)
                yield from self._steps(row, where)
                yield from _not_negative(where, lead_seconds=row.lead_seconds, cost_minor=row.cost_minor)
                yield from _within_reach(
                    where, lead_days=row.lead_days, after_days=row.after_days, fence_days=row.fence_days
                )
                yield from _at_least_one(where, lead_per=row.lead_per, day_minutes=row.day_minutes)
                yield from _lots(where, row)
            case Lane():
                yield from self._refers(where, item=row.item)
                yield from self._refers(where, "site", origin=row.origin, destination=row.destination)
                yield from self._calendar(where, row.calendar)
                if row.origin == row.destination:
                    detail = (
                        f"The lane leads from {row.origin} to itself. Name another origin or destination."
                    )
                    yield FieldError(f"{where}/origin", "leads_nowhere", detail)
                yield from _not_negative(where, cost_minor=row.cost_minor)
                yield from _within_reach(where, transit_days=row.transit_days, fence_days=row.fence_days)
                yield from _lots(where, row)
            case Term():
                yield from self._refers(where, item=row.item, site=row.site, supplier=row.supplier)
                yield from _not_negative(where, cost_minor=row.cost_minor)
                yield from _within_reach(where, lead_days=row.lead_days, fence_days=row.fence_days)
                yield from _lots(where, row)
            case Substitute():
                yield from self._refers(where, item=row.item)
                yield from self._refers(where, "item", other=row.other)
                if row.item == row.other:
                    detail = f"{row.item} stands in for itself. Name another item."
                    yield FieldError(f"{where}/other", "leads_nowhere", detail)
            case Delivery():
                yield from self._refers(where, site=row.site)
                yield from self._calendar(where, row.calendar)
                yield from _not_negative(where, cost_minor=row.cost_minor)
                yield from _within_reach(where, transit_days=row.transit_days)
            case Allocation():
                yield from self._refers(where, item=row.item, site=row.site)
                yield from _not_negative(where, quantity=row.quantity)
                yield from _at_least_one(where, rank=row.rank)
                yield from _period(where, row.from_on, row.until_on)
                if not row.path:
                    detail = 'The path is empty. Name at least one term, such as "tier:A".'
                    yield FieldError(f"{where}/path", "path_missing", detail)
            case _:
                assert isinstance(
                    row, LimitRecord
                )  # a record of another kind has no name to be checked under
                yield from _not_negative(where, most=row.most)

    def _refers(self, where: str, kind: str | None = None, /, **names: str) -> Iterator[FieldError]:
        """Unknown references; the field's name is the kind unless one is given."""
        for field, name in names.items():
            of = kind or field
            if name not in self._ids[of]:
                detail = f"There is no {of} {name!r}. Add it, or correct the name."
                yield FieldError(f"{where}/{field}", f"unknown_{of}", detail)

    def _calendar(self, where: str, calendar: str | None) -> Iterator[FieldError]:
        if calendar is not None:
            yield from self._refers(where, "calendar", calendar=calendar)

    def _bill(self, row: Operation, where: str) -> Iterator[FieldError]:
        for position, line in enumerate(row.inputs):
            at = f"{where}/inputs/{position}"
            yield from self._refers(at, "item", item=line.item)
            for other in line.alternates:
                yield from self._refers(at, "item", alternates=other)
            yield from _not_negative(at, quantity=line.quantity, fixed=line.fixed)
            yield from _at_least_one(at, per=line.per)
            yield from _period(at, line.from_on, line.until_on)

    def _steps(self, row: Operation, where: str) -> Iterator[FieldError]:
        for position, step in enumerate(row.steps):
            at = f"{where}/steps/{position}"
            yield from _not_negative(at, setup_minutes=step.setup_minutes, run_seconds=step.run_seconds)
            yield from _at_least_one(at, run_per=step.run_per)
            if not step.loads:
                detail = "The step loads no resource. Name at least one, or drop the step."
                yield FieldError(f"{at}/loads", "load_missing", detail)
            for number, load in enumerate(step.loads):
                seen: set[str] = set()
                for place, (resource, units) in enumerate(load.together):
                    here = f"{at}/loads/{number}" + (f"/also/{place - 1}" if place else "")
                    yield from self._refers(here, resource=resource)
                    yield from _at_least_one(here, units=units)
                    if self._resource_sites.get(resource, row.site) != row.site:
                        detail = f"{resource} is not at {row.site}. Name a resource of that site."
                        yield FieldError(f"{here}/resource", "other_site", detail)
                    if resource in seen:
                        detail = f"The load names {resource} twice. Name it once, with the units of both."
                        yield FieldError(f"{here}/resource", "resource_twice", detail)
                    seen.add(resource)


def _not_negative(where: str, /, **numbers: int) -> Iterator[FieldError]:
    for field, number in numbers.items():
        if number < 0:
            detail = f"{field} is {number}. Give zero or more."
            yield FieldError(f"{where}/{field}", "negative", detail)


def _within_reach(where: str, /, **days: int) -> Iterator[FieldError]:
    """Days on the way somewhere: what lies beyond the end of the calendar cannot even be looked up."""
    yield from _not_negative(where, **days)
    for field, number in days.items():
        if number > AHEAD_DAYS_MAX:
            detail = f"{field} is {number}. Give {AHEAD_DAYS_MAX} days, which is a hundred years, or less."
            yield FieldError(f"{where}/{field}", "out_of_range", detail)


def _at_least_one(where: str, /, **numbers: int) -> Iterator[FieldError]:
    for field, number in numbers.items():
        if number < 1:
            detail = f"{field} is {number}. Give one or more."
            yield FieldError(f"{where}/{field}", "less_than_one", detail)


def _period(where: str, from_on: int | None, until_on: int | None) -> Iterator[FieldError]:
    if from_on is not None and until_on is not None and until_on <= from_on:
        detail = "The period ends before it begins. The last day is the day before until_on."
        yield FieldError(f"{where}/until_on", "empty_period", detail)


def _lots(where: str, row: Operation | Lane | Term) -> Iterator[FieldError]:
    yield from _not_negative(where, lot_min=row.lot_min)
    yield from _at_least_one(where, lot_multiple=row.lot_multiple)
    yield from _period(where, row.from_on, row.until_on)
    if row.lot_max is not None and row.lot_multiple >= 1:
        least = -(-max(row.lot_min, 1) // row.lot_multiple) * row.lot_multiple
        if row.lot_max < least:
            detail = (
                f"The largest lot is {row.lot_max}, the smallest that the rules allow {least}. Raise lot_max."
            )
            yield FieldError(f"{where}/lot_max", "lot_max_too_small", detail)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _cycles(operations: Iterable[Operation]) -> Iterator[FieldError]:
    """Items that need themselves through the bills of one site; each cycle once, named from its first item on."""
    below: dict[
        tuple[str, str], dict[str, str]
    ] = {}  # (site, item) -> component -> the first operation that needs it
    for operation in sorted(operations, key=lambda o: o.id):
        needs = below.setdefault((operation.site, operation.item), {})
        for line in operation.inputs:
            for component in (line.item, *line.alternates):
                needs.setdefault(component, operation.id)
    done: set[tuple[str, str]] = set()
    for site, top in sorted(below):
        # An explicit stack: a bill may be deeper than Python's.
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(top, False)]
        while stack:
            item, leaves = stack.pop()
            if leaves:
                done.add((site, path.pop()))
                continue
            if (site, item) in done:
                continue
            if item in path:
                cycle = path[path.index(item) :]
                first = cycle.index(min(cycle))
                cycle = cycle[first:] + cycle[:first]
                operation_id = below[(site, cycle[0])][cycle[1] if len(cycle) > 1 else cycle[0]]
                words = " needs ".join([*cycle, cycle[0]])
                detail = f"The bill at {site} runs in a circle: {words}. Take one of these lines out."
                yield FieldError(f"/operation/{operation_id}/inputs", "cyclic_bill", detail)
                continue
            path.append(item)
            stack.append((item, True))
            stack.extend(
                (component, False) for component in sorted(below.get((site, item), {}), reverse=True)
            )
