"""How does frePPLe's work become operations: bills, steps on resources, lead times?

An alternate becomes one operation for each of its choices, a routing one operation with steps. Time on a resource is a
step; time without one is lead time, or a step on what has no limit when it comes later. Where the two systems differ a note says so and which way it errs: never towards
promising too early.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

import msgspec

from accord.connect.frepple import words
from accord.connect.frepple.loads import Loads
from accord.connect.frepple.sources import lot_of, minor, unique
from accord.connect.frepple.world import World
from accord.connect.model import Kind
from accord.ledger.model import Input, Operation, Step

_NOTHING = timedelta()


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to make something: an operation that is no choice, with what its parents say about it."""

    top: words.Operation  # whose name, sizes and fence count
    parts: tuple[words.Operation, ...]  # itself, or the steps of a routing in order
    item: str  # may be a group
    site: str
    made: Decimal  # of the item, for one unit of the operation
    priority: int
    effective_start: datetime | None
    effective_end: datetime | None


class Operations:
    """All ways to make something in a model."""

    def __init__(self, world: World, loads: Loads) -> None:
        self._world = world
        self._loads = loads
        model = world.model
        self._by_name = {operation.name: operation for operation in model.all(words.Operation)}
        self._flows: dict[str, list[words.OperationMaterial]] = {}
        for flow in model.all(words.OperationMaterial):
            self._flows.setdefault(flow.operation, []).append(flow)
        self._children: dict[str, list[tuple[int, str, datetime | None, datetime | None]]] = {}
        self._owner: dict[str, str] = {}
        for operation in model.all(words.Operation):
            if operation.owner is not None:
                self._adopt(operation.owner, operation.name, operation.priority or 0, None, None)
        for sub in model.all(words.SubOperation):
            self._adopt(sub.operation, sub.suboperation, sub.priority, sub.effective_start, sub.effective_end)
        # A demand that names its operation is made by it, if that operation makes nothing else.
        self._asked = {
            demand.operation: demand for demand in model.all(words.Demand) if demand.operation is not None
        }
        self._blocked = {row.operation for row in model.all(words.OperationDependency)}
        # Those with priority 0 too: they are not planned with, but orders may be under way on them.
        self.ways = tuple(
            way for operation in model.all(words.Operation) for way in self._ways_at_top(operation)
        )

    def all(self) -> list[Operation]:
        """Every operation of ours, groups of items expanded."""
        for way in self.ways:
            self._scales(way)
        found: list[Operation] = []
        ids: set[str] = set()
        for way in self.ways:
            if way.priority == 0:
                self._world.notes.add(
                    Kind.skipped, "operations with priority 0, which are not used in planning", way.top.name
                )
                continue
            if any(part.name in self._blocked for part in (way.top, *way.parts)):
                self._not("operations that wait for other operations: they are not used", way.top.name)
                continue
            if any(self._loads.of(part.name, way.site) == () for part in way.parts):
                self._world.notes.add(
                    Kind.skipped,
                    "operations that no resource can do: none is there, or none has the skill",
                    way.top.name,
                )
                continue
            leaves = self._world.items.leaves(way.item)
            for item in leaves:
                id = way.top.name if len(leaves) == 1 else f"{way.top.name} [{item}]"
                found.append(self._operation(way, item, unique(id, ids)))
        return found

    def way(self, name: str) -> Way | None:
        """The way of making that this operation is."""
        return next((way for way in self.ways if way.top.name == name), None)

    def flows(self, way: Way) -> list[words.OperationMaterial]:
        """What it consumes and produces, in all of its parts."""
        names = dict.fromkeys([way.top.name, *(part.name for part in way.parts)])
        return [flow for name in names for flow in self._flows.get(name, ())]

    def duration(self, way: Way, quantity: Fraction) -> timedelta:
        """Working time of a lot of so many units of the operation."""
        return sum((self.time(part, quantity) for part in way.parts), _NOTHING)

    def time(self, part: words.Operation, quantity: Fraction) -> timedelta:
        """Working time of so many units in one part; whole seconds, rounded up."""
        run = _seconds(part.duration_per) * quantity if part.type == "time_per" else Fraction(0)
        return part.duration + timedelta(seconds=ceil(run))

    # --- which ways there are ---

    def _adopt(
        self, owner: str, name: str, priority: int, start: datetime | None, end: datetime | None
    ) -> None:
        self._children.setdefault(owner, []).append((priority, name, start, end))
        self._owner[name] = owner

    def _ways_at_top(self, operation: words.Operation) -> list[Way]:
        if operation.name in self._owner:
            return []
        return self._ways(
            operation, None, None, 1 if operation.priority is None else operation.priority, None, None
        )

    def _ways(
        self,
        operation: words.Operation,
        item: str | None,
        site: str | None,
        priority: int,
        start: datetime | None,
        end: datetime | None,
    ) -> list[Way]:
        item, site = operation.item or item, operation.location or site
        children = sorted(self._children.get(operation.name, ()), key=lambda child: child[:2])
        if operation.type in ("alternate", "split"):
            return self._choices(operation, children, item, site)
        parts: tuple[words.Operation, ...] = (operation,)
        if operation.type == "routing":
            parts = tuple(self._by_name[name] for _, name, _, _ in children if name in self._by_name)
            if any(part.type not in ("fixed_time", "time_per") for part in parts):
                self._not("routings whose steps are themselves choices or routings", operation.name)
                return []
        elif operation.type not in ("fixed_time", "time_per"):
            self._not(f"operations of type {operation.type}", operation.name)
            return []
        return self._way(operation, parts, item, site, priority, start, end)

    def _choices(
        self,
        operation: words.Operation,
        children: Sequence[tuple[int, str, datetime | None, datetime | None]],
        item: str | None,
        site: str | None,
    ) -> list[Way]:
        if operation.type == "split":
            self._world.notes.add(
                Kind.approximated,
                "operations that split by percentage, taken as alternatives in the order of their percentage",
                operation.name,
            )
            # Their priority is the percentage: the largest share first.
            shares = sorted(children, key=lambda child: (-child[0], child[1]))
            children = [(rank, *child[1:]) for rank, child in enumerate(shares, 1) if child[0] > 0]
        found = []
        for priority, name, start, end in children:
            child = self._by_name.get(name)
            if child is not None:
                found += self._ways(child, item, site, priority, start, end)
        return found

    def _way(
        self,
        operation: words.Operation,
        parts: tuple[words.Operation, ...],
        item: str | None,
        site: str | None,
        priority: int,
        start: datetime | None,
        end: datetime | None,
    ) -> list[Way]:
        names = dict.fromkeys([operation.name, *(part.name for part in parts)])
        flows = [flow for name in names for flow in self._flows.get(name, ())]
        made = [flow for flow in flows if flow.quantity > 0]
        asked = self._asked.get(operation.name) or self._asked.get(self._owner.get(operation.name, ""))
        if item is None and len({flow.item for flow in made}) == 1:
            item = made[0].item
        if item is None and asked is not None and asked.item is not None:
            item, site = asked.item, asked.location or site
        if item is None:
            self._not("operations that make no item, such as deliveries to customers", operation.name)
            return []
        if any(flow.item == item for flow in flows if flow.quantity < 0):
            self._not("operations that consume what they make, such as deliveries", operation.name)
            return []
        site = site or next((part.location for part in parts if part.location), None)
        if site is None:
            site = self._world.sites[0] if len(self._world.sites) == 1 else None
        if site is None:
            self._not("operations without a location", operation.name)
            return []
        for flow in made:
            if flow.item != item:
                self._not(
                    "by-products: only the operation's own item is counted", f"{operation.name}: {flow.item}"
                )
        return [
            Way(
                top=operation,
                parts=parts,
                item=item,
                site=site,
                made=quantity,
                priority=priority,
                effective_start=since,
                effective_end=until,
            )
            for quantity, since, until in self._yields(
                [flow for flow in made if flow.item == item],
                start or operation.effective_start,
                end or operation.effective_end,
            )
        ]

    def _yields(
        self,
        own: Sequence[words.OperationMaterial],
        start: datetime | None,
        end: datetime | None,
    ) -> list[tuple[Decimal, datetime | None, datetime | None]]:
        """How much of its item one unit makes, and when: a yield that changes with time is several ways."""
        for flow in own:
            if flow.quantity_fixed > 0:
                self._not(
                    "material produced in a fixed quantity: it is not counted",
                    f"{flow.operation}: {flow.item}",
                )
        changing = [
            flow for flow in own if flow.effective_start is not None or flow.effective_end is not None
        ]
        if not changing:
            return [(sum((flow.quantity for flow in own), Decimal(0)) if own else words.ONE, start, end)]
        if len(changing) < len(own):
            self._not(
                "output of which a part is in force for some time only: that part is not counted",
                own[0].operation,
            )
            steady = [flow.quantity for flow in own if flow not in changing]
            return [(sum(steady, Decimal(0)), start, end)]
        return [
            (
                flow.quantity,
                max((at for at in (start, flow.effective_start) if at is not None), default=None),
                min((at for at in (end, flow.effective_end) if at is not None), default=None),
            )
            for flow in changing
        ]

    # --- one of ours ---

    def _scales(self, way: Way) -> None:
        """What must be whole in base units, before any quantity is translated."""
        top, world = way.top, self._world
        sizes = [top.sizeminimum, top.sizemultiple, top.sizemaximum]
        world.needs(way.item, [size * way.made for size in sizes if size is not None])
        for flow in self.flows(way):
            if flow.quantity < 0:
                world.needs(flow.item, [flow.quantity, flow.quantity_fixed])

    def _operation(self, way: Way, item: str, id: str) -> Operation:
        world, top = self._world, way.top
        unit = Fraction(way.made) * world.scale(item)  # base units in one unit of the operation
        lot = lot_of(
            world,
            item,
            (top.sizeminimum or words.ONE) * way.made,
            top.sizemultiple * way.made if top.sizemultiple else None,
            top.sizemaximum * way.made if top.sizemaximum else None,
            where=top.name,
        )
        if top.posttime > _NOTHING:
            world.notes.add(
                Kind.skipped, "operation.posttime, which frePPLe itself gives up to be on time", top.name
            )
        if any(part.available for part in (top, *way.parts)):
            self._not("operation.available: the calendar of its site counts", top.name)
        times = self._times(way, unit)
        return Operation(
            id=id,
            item=item,
            site=way.site,
            inputs=self._inputs(way, unit),
            steps=times.steps,
            lead_days=times.lead_days,
            lead_seconds=times.lead.numerator,
            lead_per=times.lead.denominator,
            day_minutes=world.working_minutes(way.site),
            lot_min=lot.minimum,
            lot_multiple=lot.multiple,
            lot_max=lot.maximum,
            fence_days=world.days(top.fence),
            cost_minor=minor(top.cost),
            priority=way.priority,
            from_on=world.from_on(way.effective_start),
            until_on=world.until_on(way.effective_end),
        )

    def _times(self, way: Way, unit: Fraction) -> _Times:
        """Waiting before the first step is lead time; waiting after it is a step on what has no limit."""
        world = self._world
        steps: list[Step] = []
        lead_days = 0
        lead = Fraction(0)
        for part in way.parts:
            loads = self._loads.of(part.name, way.site)
            fixed = part.duration
            rate = _seconds(part.duration_per if part.type == "time_per" else _NOTHING) / unit
            if loads is None and not steps:
                lead += rate
                lead_days += world.working_days(fixed, way.site)
                continue
            if loads is None and not (fixed or rate):
                continue
            steps.append(
                Step(
                    loads=loads or self._loads.waiting(way.site),
                    setup_minutes=ceil(_seconds(fixed) / 60),
                    run_seconds=rate.numerator,
                    run_per=rate.denominator,
                    name=part.name,
                )
            )
        return _Times(steps=tuple(steps), lead_days=lead_days, lead=lead)

    def _inputs(self, way: Way, unit: Fraction) -> tuple[Input, ...]:
        """The bill; flows of one name are alternatives."""
        groups: dict[str, list[words.OperationMaterial]] = {}
        for number, flow in enumerate(self.flows(way)):
            if flow.quantity < 0 or flow.quantity_fixed < 0:
                self._odd(flow, way)
                groups.setdefault(flow.name or f"\0{number}", []).append(flow)
        return tuple(self._input(group, unit) for group in groups.values())

    def _input(self, group: list[words.OperationMaterial], unit: Fraction) -> Input:
        usable = [flow for flow in group if flow.priority != 0] or group
        first, *others = sorted(usable, key=lambda flow: flow.priority or 1)
        world = self._world
        ratio = Fraction(-first.quantity if first.quantity < 0 else 0) * world.scale(first.item) / unit
        for other in others:
            if (other.quantity, world.scale(other.item)) != (first.quantity, world.scale(first.item)):
                self._not(
                    "alternative materials in another quantity, used one for one",
                    f"{other.operation}: {other.item}",
                )
        return Input(
            item=first.item,
            quantity=ratio.numerator,
            per=ratio.denominator,
            fixed=world.units(first.item, -first.quantity_fixed) if first.quantity_fixed < 0 else 0,
            alternates=tuple(other.item for other in others),
            from_on=world.from_on(first.effective_start) if not others else None,
            until_on=world.until_on(first.effective_end) if not others else None,
        )

    def _odd(self, flow: words.OperationMaterial, way: Way) -> None:
        where = f"{flow.operation}: {flow.item}"
        add = self._world.notes.add
        if "end" in flow.type:
            add(Kind.approximated, "material consumed at the end of an operation, needed at its start", where)
        elif "transfer" in flow.type:
            add(
                Kind.approximated,
                "material consumed in batches during an operation, needed at its start",
                where,
            )
        if len(way.parts) > 1 and flow.operation not in (way.top.name, way.parts[0].name):
            add(
                Kind.approximated,
                "material of a later step of a routing, needed at the start of the first",
                where,
            )
        if flow.location is not None and flow.location != way.site:
            self._not("material from another location than the operation's, taken at the operation's", where)

    def _not(self, what: str, example: str) -> None:
        self._world.notes.add(Kind.not_supported, what, example)


class _Times(msgspec.Struct, frozen=True, kw_only=True):
    steps: tuple[Step, ...]
    lead_days: int
    lead: Fraction  # seconds for one base unit


def _seconds(duration: timedelta) -> Fraction:
    return Fraction(duration // timedelta(microseconds=1), 1_000_000)
