"""How do rows become master data: calendars, sites, items, resources, ways to make, move and buy?"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import TypeVar

import msgspec

from accord.connect.files.mapping import Feed
from accord.connect.files.reader import Reader
from accord.connect.files.rows import Row
from accord.connect.known import calendar_there, record_there
from accord.exceptions.model import Master
from accord.kit.calendars import Calendar, CalendarRule
from accord.kit.days import Day
from accord.ledger.decide.graph import Graph
from accord.ledger.model import (
    CalendarRecord,
    Companion,
    Delivery,
    Input,
    Item,
    Lane,
    Load,
    Operation,
    Resource,
    Site,
    Step,
    Substitute,
    Supplier,
    Term,
)

M = TypeVar("M", bound=Master)

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Masters:
    """Master data of one import, on top of what is there."""

    def __init__(self, reader: Reader, graph: Graph) -> None:
        self._reader = reader
        self.items: dict[str, Item] = dict(graph.items)
        self.sites: dict[str, Site] = dict(graph.sites)
        self.resources: dict[str, Resource] = dict(graph.resources)
        self.suppliers: dict[str, Supplier] = dict(graph.suppliers)
        self.operations: dict[str, Operation] = dict(graph.operations)
        self._graph = graph
        self._calendars: dict[str, list[CalendarRule]] = {}
        self._inputs: dict[str, list[Input]] = {}
        self._steps: dict[str, list[tuple[int, Step]]] = {}
        self._found: dict[tuple[str, str], Master] = {}  # in the order in which they were read
        self.tallies: dict[str, int] = {}

    def read(self, feed: Feed) -> None:
        """All rows of a feed."""
        make: dict[str, Callable[[Row], None]] = {
            "calendars": self._calendar,
            "sites": self._site,
            "items": self._item,
            "resources": self._resource,
            "suppliers": self._supplier,
            "operations": self._operation,
            "bills": self._bill,
            "steps": self._step,
            "lanes": self._lane,
            "terms": self._term,
            "substitutes": self._substitute,
            "deliveries": self._delivery,
        }
        for row in self._reader.rows(feed):
            make[feed.target](row)
        if feed.target == "calendars":
            for id, rules in self._calendars.items():
                self._keep(
                    "calendars",
                    CalendarRecord(id=id, calendar=Calendar(name=id, default_minutes=0, rules=tuple(rules))),
                    None,
                )

    def records(self) -> tuple[Master, ...]:
        """Everything that was read, operations with their bills and steps."""
        for id in dict.fromkeys([*self._inputs, *self._steps]):
            operation = self.operations[id]
            if id in self._inputs:
                operation = msgspec.structs.replace(operation, inputs=tuple(self._inputs[id]))
            if id in self._steps:
                steps = tuple(step for _, step in sorted(self._steps[id], key=lambda pair: pair[0]))
                operation = msgspec.structs.replace(operation, steps=steps)
            self._found[("operations", id)] = operation
        return tuple(self._found.values())

    def scale(self, item: str) -> int:
        """Base units in a stated unit of the item."""
        found = self.items.get(item)
        return 1 if found is None else found.scale

    def _keep(self, target: str, record: M, row: Row | None) -> M | None:
        """What is kept of a record; None when the row is no good or the id was there already."""
        if row is not None:
            if row.is_bad:
                return None
            there = record_there(self._graph, record)
            record = row.over(there if isinstance(there, type(record)) else None, record)
        if (target, record.id) in self._found:
            if row is not None:
                row.bad("id", "duplicate", f"{record.id!r} is there twice", "Keep one of the two rows.")
            return None
        self._found[(target, record.id)] = record
        return record

    # --- what others refer to ---

    def _calendar(self, row: Row) -> None:
        id = row.text("id")
        opens, closes = row.minute("opens"), row.minute("closes")
        minutes = row.optional_whole("minutes")
        if minutes is None:
            minutes = max(0, (closes if closes is not None else 1440) - (opens or 0))
        rule = CalendarRule(
            from_on=row.day("from_on"),
            until_on=row.day("until_on"),
            weekdays=_weekdays(row),
            minutes=min(minutes, 1440),
            priority=row.whole("priority", 1),
        )
        if id and not row.is_bad:
            self._calendars.setdefault(id, []).append(rule)

    def _calendar_of(self, row: Row) -> str | None:
        name = row.optional("calendar")
        if name is not None and name not in self._calendars and calendar_there(self._graph, name) is None:
            row.known(name, (), "calendar", "calendar")
        return name

    def _site(self, row: Row) -> None:
        id = row.text("id")
        record = Site(
            id=id,
            name=row.text("name", id),
            zone=row.text("zone", "UTC"),
            calendar=self._calendar_of(row),
            cutoff_minute=row.minute("cutoff"),
        )
        kept = self._keep("sites", record, row)
        if kept is not None:
            self.sites[id] = kept

    def _item(self, row: Row) -> None:
        id = row.text("id")
        decimals = row.whole("decimals")
        if decimals > 9:
            row.bad("decimals", "too_many", "more than 9 decimals", "Use a smaller unit.")
        percent = row.decimal("holding_percent_a_year") or Fraction(0)
        record = Item(
            id=id,
            name=row.text("name", id),
            unit=row.text("unit", "piece"),
            scale=10 ** min(decimals, 9),
            cost_minor=row.money("cost", may_round=True),
            holding_bp_a_year=int(percent * 100),
            planner=row.text("planner", "planner"),
        )
        kept = self._keep("items", record, row)
        if kept is not None:
            self.items[id] = kept

    def _resource(self, row: Row) -> None:
        id, site = row.text("id"), row.text("site")
        row.known(site, self.sites, "site", "site")
        record = Resource(
            id=id,
            name=row.text("name", id),
            site=site,
            calendar=self._calendar_of(row),
            units=row.whole("units", 1),
            overtime_minutes=row.whole("overtime_minutes"),
            overtime_cost_minor=row.money("overtime_cost", may_round=True),
        )
        kept = self._keep("resources", record, row)
        if kept is not None:
            self.resources[id] = kept

    def _supplier(self, row: Row) -> None:
        id = row.text("id")
        record = Supplier(
            id=id,
            name=row.text("name", id),
            calendar=self._calendar_of(row),
            capacity=row.optional_whole("capacity"),
        )
        kept = self._keep("suppliers", record, row)
        if kept is not None:
            self.suppliers[id] = kept

    # --- ways to get an item ---

    def _item_at(self, row: Row, place: str = "site") -> tuple[str, str]:
        item, site = row.text("item"), row.text(place)
        row.known(item, self.items, "item", "item")
        row.known(site, self.sites, "site", place)
        return item, site

    def _operation(self, row: Row) -> None:
        item, site = self._item_at(row)
        scale = self.scale(item)
        lead = (row.decimal("lead_seconds") or Fraction(0)) / scale
        record = Operation(
            id=row.text("id", f"{item}@{site}"),
            item=item,
            site=site,
            lead_days=row.whole("lead_days"),
            lead_seconds=lead.numerator,
            lead_per=lead.denominator,
            day_minutes=row.whole("day_minutes", 1440) or 1440,
            after_days=row.whole("after_days"),
            static_lead=row.yes_no("static_lead", default=False),
            lot_min=row.quantity("lot_min", scale, default=1),
            lot_multiple=row.quantity("lot_multiple", scale, default=1),
            lot_max=row.optional_quantity("lot_max", scale),
            fence_days=row.whole("fence_days"),
            cost_minor=row.money("cost", may_round=True),
            priority=row.whole("priority", 1),
            expedite=row.yes_no("expedite", default=False),
            from_on=row.day("from_on"),
            until_on=row.day("until_on"),
        )
        kept = self._keep("operations", record, row)
        if kept is not None:
            self.operations[kept.id] = kept

    def _operation_of(self, row: Row, item: str, site: str) -> str:
        id = row.text("operation", f"{item}@{site}")
        if id not in self.operations and not row.is_bad:
            row.bad(
                "item",
                "unknown_operation",
                f"nothing makes {item[:60]!r} at {site[:60]!r}",
                "Add it to the operations.",
            )
        return id

    def _bill(self, row: Row) -> None:
        item, site = self._item_at(row)
        component = row.text("component")
        row.known(component, self.items, "item", "component")
        alternates = row.names("alternates")
        for other in alternates:
            row.known(other, self.items, "item", "alternates")
        per = row.decimal("per") or Fraction(1)
        each = (row.decimal("quantity") or Fraction(0)) * self.scale(component) / (per * self.scale(item))
        from_on, until_on = row.day("from_on"), row.day("until_on")
        id = self._operation_of(row, item, site)
        if row.is_bad:
            return
        line = Input(
            item=component,
            quantity=each.numerator,
            per=each.denominator,
            fixed=ceil((row.decimal("fixed") or Fraction(0)) * self.scale(component)),
            alternates=alternates,
            from_on=from_on,
            until_on=until_on,
        )
        self._inputs.setdefault(id, []).append(line)
        self._tally(f"bills: lines {_when(from_on, until_on, self._reader.today)}")

    def _step(self, row: Row) -> None:
        item, site = self._item_at(row)
        names, others = row.names("resource"), row.names("also")
        for field, group in (("resource", names), ("also", others)):
            for name in group:
                row.known(name, self.resources, "resource", field)
        twice = next((name for n, name in enumerate(others) if name in (*names, *others[:n])), None)
        if twice is not None:
            row.bad(
                "also", "resource_twice", f"{twice!r} is named twice", "Name each resource of a step once."
            )
        run = (row.decimal("run_minutes") or Fraction(0)) * 60 / self.scale(item)
        units, also_units = row.whole("units", 1), row.whole("also_units", 1)
        id = self._operation_of(row, item, site)
        if row.is_bad:
            return
        also = tuple(Companion(resource=name, units=also_units) for name in others)
        step = Step(
            loads=tuple(
                Load(resource=name, units=units, priority=n, also=also) for n, name in enumerate(names, 1)
            ),
            setup_minutes=row.whole("setup_minutes"),
            run_seconds=run.numerator,
            run_per=run.denominator,
            name=row.text("name"),
        )
        before = self._steps.setdefault(id, [])
        before.append((row.whole("sequence", len(before) + 1), step))

    def _lane(self, row: Row) -> None:
        item, destination = self._item_at(row, "destination")
        origin = row.text("origin")
        row.known(origin, self.sites, "site", "origin")
        scale = self.scale(item)
        record = Lane(
            id=row.text("id", f"{item} from {origin} to {destination}"),
            item=item,
            origin=origin,
            destination=destination,
            transit_days=row.whole("transit_days"),
            calendar=self._calendar_of(row),
            lot_min=row.quantity("lot_min", scale, default=1),
            lot_multiple=row.quantity("lot_multiple", scale, default=1),
            lot_max=row.optional_quantity("lot_max", scale),
            fence_days=row.whole("fence_days"),
            cost_minor=row.money("cost", may_round=True),
            priority=row.whole("priority", 1),
            expedite=row.yes_no("expedite", default=False),
            incoterm=row.text("incoterm"),
            from_on=row.day("from_on"),
            until_on=row.day("until_on"),
        )
        self._keep("lanes", record, row)

    def _term(self, row: Row) -> None:
        item, site = self._item_at(row)
        supplier = row.text("supplier")
        row.known(supplier, self.suppliers, "supplier", "supplier")
        scale = self.scale(item)
        record = Term(
            id=row.text("id", f"{item} for {site} from {supplier}"),
            item=item,
            site=site,
            supplier=supplier,
            lead_days=row.whole("lead_days"),
            lot_min=row.quantity("lot_min", scale, default=1),
            lot_multiple=row.quantity("lot_multiple", scale, default=1),
            lot_max=row.optional_quantity("lot_max", scale),
            fence_days=row.whole("fence_days"),
            cost_minor=row.money("cost", may_round=True),
            priority=row.whole("priority", 1),
            expedite=row.yes_no("expedite", default=False),
            from_on=row.day("from_on"),
            until_on=row.day("until_on"),
        )
        self._keep("terms", record, row)

    def _substitute(self, row: Row) -> None:
        item, other = row.text("item"), row.text("other")
        row.known(item, self.items, "item", "item")
        row.known(other, self.items, "item", "other")
        record = Substitute(
            id=row.text("id", f"{other} for {item}"),
            item=item,
            other=other,
            priority=row.whole("priority", 1),
        )
        self._keep("substitutes", record, row)

    def _delivery(self, row: Row) -> None:
        site, zone = row.text("site"), row.text("ship_to")
        row.known(site, self.sites, "site", "site")
        record = Delivery(
            id=row.text("id", f"{site} to {zone}"),
            site=site,
            ship_to=zone,
            transit_days=row.whole("transit_days"),
            calendar=self._calendar_of(row),
            cost_minor=row.money("cost", may_round=True),
            priority=row.whole("priority", 1),
            expedite=row.yes_no("expedite", default=False),
        )
        self._keep("deliveries", record, row)

    def _tally(self, name: str) -> None:
        self.tallies[name] = self.tallies.get(name, 0) + 1


def _weekdays(row: Row) -> int:
    """ "mon-fri", "mon, wed", "all": the bits of a calendar rule."""
    words = row.text("weekdays").lower()
    if words in ("all", "every day", "mon-sun"):
        return 0b111_1111
    mask = 0
    for part in words.replace(";", ",").split(","):
        first, _, last = part.strip().partition("-")
        days = [_WEEKDAYS.index(name[:3]) for name in (first, last or first) if name[:3] in _WEEKDAYS]
        if len(days) != 2 or days[0] > days[1]:
            row.bad(
                "weekdays",
                "not_weekdays",
                f"{words[:40]!r} are no weekdays",
                "Write mon-fri, or mon, wed, fri.",
            )
            return 0
        for day in range(days[0], days[1] + 1):
            mask |= 1 << day
    return mask


def _when(from_on: Day | None, until_on: Day | None, today: Day) -> str:
    if until_on is not None and until_on <= today:
        return "ended, kept with their dates"
    if from_on is not None and from_on > today:
        return "not yet in force, kept with their dates"
    return "in force"
