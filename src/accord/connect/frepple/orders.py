"""How do frePPLe's stock, orders and demands become supply news and open lines?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from accord.connect.frepple import words
from accord.connect.frepple.loads import Loads
from accord.connect.frepple.operations import Operations, Way
from accord.connect.frepple.world import World
from accord.connect.model import Kind, OpenLine
from accord.exceptions.model import Component, Counted, ReceiptStated
from accord.kit.calendars import SEARCH_DAYS_MAX, Timetable
from accord.kit.days import Day, midnight
from accord.ledger.model import SupplyKind, node_key, resource_key
from accord.promise.model import Line, Request, Verb

_OPEN_PLANS = ("proposed", "approved", "confirmed", "completed")
_KINDS = {"PO": SupplyKind.purchase, "DO": SupplyKind.transfer, "MO": SupplyKind.production}


def needs(world: World, operations: Operations) -> None:
    """Tell the world which quantities of stock, orders and demands must be whole."""
    for buffer in world.model.all(words.Buffer):
        world.needs(buffer.item, [buffer.onhand])
    for demand in world.model.all(words.Demand):
        if demand.item is not None:
            world.needs(demand.item, [demand.quantity])
    for plan in world.model.all(words.OperationPlan):
        way = operations.way(plan.operation) if plan.operation else None
        if way is not None:
            world.needs(way.item, [(plan.quantity - (plan.quantity_completed or 0)) * way.made])
        elif plan.item is not None:
            world.needs(plan.item, [plan.quantity])
    for term in world.model.all(words.ItemSupplier):
        world.needs(term.item, [term.sizeminimum, term.sizemultiple, term.sizemaximum])
    for lane in world.model.all(words.ItemDistribution):
        world.needs(lane.item, [lane.sizeminimum, lane.sizemultiple, lane.sizemaximum])


def counts(world: World) -> Iterator[Counted]:
    """What is on hand, counted at the first moment of today."""
    as_of = midnight(world.today, "UTC")
    for buffer in world.model.all(words.Buffer):
        onhand = buffer.onhand or words.NONE
        if onhand < 0:
            world.notes.add(
                Kind.approximated, "stock below zero, taken as none", f"{buffer.item} @ {buffer.location}"
            )
        yield Counted(
            item=buffer.item,
            site=buffer.location,
            quantity=max(0, world.units(buffer.item, onhand, up=False)),
            as_of=as_of,
        )


class Receipts:
    """Purchase, distribution and manufacturing orders that are not closed."""

    def __init__(self, world: World, operations: Operations, loads: Loads) -> None:
        self._world = world
        self._operations = operations
        self._loads = loads
        calendars = {record.id: record.calendar for record in loads.calendars}
        self._timetables = {
            resource.id: Timetable(calendars[resource.calendar])
            for resource in loads.resources
            if resource.calendar in calendars
        }

    def all(self) -> Iterator[ReceiptStated]:
        """One receipt an order, in the order of the file."""
        for plan in self._world.model.all(words.OperationPlan):
            if plan.status not in _OPEN_PLANS:
                self._world.notes.add(Kind.skipped, f"orders with status {plan.status}", plan.reference)
                continue
            if plan.type == "MO":
                yield from self._production(plan)
            elif plan.type in ("PO", "DO"):
                yield from self._arrival(plan)
            else:
                self._not(f"orders of type {plan.type}", plan.reference)

    def _arrival(self, plan: words.OperationPlan) -> Iterator[ReceiptStated]:
        site = (plan.destination or plan.location) if plan.type == "DO" else plan.location
        quantity = plan.quantity - (plan.quantity_completed or 0)
        if plan.item is None or site is None:
            self._not("orders without an item or a place of arrival", plan.reference)
            return
        units = self._world.units(plan.item, quantity, up=False)
        components: tuple[Component, ...] = ()
        if plan.type == "DO" and plan.origin is not None and plan.status != "completed":
            # An empty origin means: it has left already.
            on = self._today_or_later(plan.startdate)
            components = (Component(key=node_key(plan.item, plan.origin), on=on, quantity=units),)
        yield from self._receipt(plan, plan.item, site, units, self._ends(plan, timedelta()), components)

    def _production(self, plan: words.OperationPlan) -> Iterator[ReceiptStated]:
        way = self._operations.way(plan.operation or "")
        if way is None:
            self._not("manufacturing orders of an operation that is not used", plan.reference)
            return
        quantity = Fraction(plan.quantity - (plan.quantity_completed or 0))
        item = plan.item or way.item
        if self._world.items.is_group(item):
            self._not("manufacturing orders of a group of items", plan.reference)
            return
        units = self._world.units(item, quantity * Fraction(way.made), up=False)
        duration = self._operations.duration(way, quantity)
        components = () if plan.status == "completed" else tuple(self._components(plan, way, quantity))
        yield from self._receipt(plan, item, way.site, units, self._ends(plan, duration), components)

    def _receipt(
        self,
        plan: words.OperationPlan,
        item: str,
        site: str,
        units: int,
        due_on: Day,
        components: tuple[Component, ...],
    ) -> Iterator[ReceiptStated]:
        if units <= 0:
            self._world.notes.add(Kind.skipped, "orders of which nothing is left to come", plan.reference)
            return
        yield ReceiptStated(
            item=item,
            site=site,
            id=plan.reference,
            kind=_KINDS[plan.type],
            quantity=units,
            due_on=due_on,
            # Approved orders are in the ERP, but may still be moved.
            released=plan.status in ("confirmed", "completed"),
            ref=plan.reference,
            components=tuple(one for one in components if one.quantity > 0),
        )

    def _ends(self, plan: words.OperationPlan, duration: timedelta) -> Day:
        if plan.status == "completed":
            return self._world.today
        if plan.enddate is not None:
            return self._world.day_after(plan.enddate)
        if plan.startdate is not None:
            self._world.notes.add(
                Kind.approximated,
                "orders without an end: start plus the operation's duration",
                plan.reference,
            )
            site = plan.location or plan.destination
            return self._world.day_after(plan.startdate) + self._world.working_days(duration, site)
        self._not("orders without any date, taken as due today", plan.reference)
        return self._world.today

    def _components(self, plan: words.OperationPlan, way: Way, quantity: Fraction) -> Iterator[Component]:
        """What an unfinished production still takes: all its material at its start, minutes from its start on."""
        world = self._world
        on = self._today_or_later(plan.startdate)
        if world.parameters.get("WIP.consume_material", "true") != "false":
            seen: set[str] = set()
            for flow in self._operations.flows(way):
                if flow.quantity >= 0 and flow.quantity_fixed >= 0:
                    continue
                if flow.name and flow.name in seen:
                    continue  # of alternatives the first is taken
                seen.add(flow.name or "")
                exact = Fraction(max(-flow.quantity, words.NONE)) * quantity - Fraction(
                    min(flow.quantity_fixed, words.NONE)
                )
                yield Component(
                    key=node_key(flow.item, way.site), on=on, quantity=world.units(flow.item, exact)
                )
        if world.parameters.get("WIP.consume_capacity", "true") != "false":
            yield from self._minutes_of(plan, way, quantity)

    def _minutes_of(self, plan: words.OperationPlan, way: Way, quantity: Fraction) -> Iterator[Component]:
        """Minutes day by day forward from the start, on the preferred load; days gone by are worked off."""
        if plan.startdate is None:
            return
        day = self._world.day(plan.startdate)
        for part in way.parts:
            rest = -(-self._operations.time(part, quantity) // timedelta(minutes=1))
            loads = self._loads.of(part.name, way.site)
            if not loads:
                continue
            together = [(self._timetables[name], name, units) for name, units in loads[0].together]
            for on in range(day, day + SEARCH_DAYS_MAX):
                if rest <= 0:
                    break
                minutes = min(rest, *[timetable.minutes_on(on) for timetable, _, _ in together])
                rest -= minutes
                if minutes and on >= self._world.today:
                    for _, name, units in together:
                        yield Component(key=resource_key(name), on=on, quantity=minutes * units)
            if rest > 0:
                self._not(
                    "orders under way whose work does not fit into three years: the rest of its minutes is not taken",
                    plan.reference,
                )

    def _today_or_later(self, at: datetime | None) -> Day:
        return max(self._world.today, self._world.day(at)) if at is not None else self._world.today

    def _not(self, what: str, example: str) -> None:
        self._world.notes.add(Kind.not_supported, what, example)


def lines(world: World, operations: Operations, source: str, *, reopen: bool) -> Iterator[OpenLine]:
    """Demands as order lines that wait for a promise."""
    made = {way.item for way in operations.ways}
    for demand in world.model.all(words.Demand):
        status = demand.status or "open"
        if status != "open" and not reopen:
            world.notes.add(Kind.skipped, f"demands with status {status}", demand.name)
            continue
        if demand.item is None or world.items.is_group(demand.item):
            world.notes.add(
                Kind.not_supported, "demands without an item, or for a group of items", demand.name
            )
            continue
        if demand.operation is not None and demand.item not in made:
            world.notes.add(
                Kind.not_supported,
                "demands that name an operation, decided by their item and place",
                demand.name,
            )
        units = world.units(demand.item, demand.quantity)
        if units <= 0:
            world.notes.add(Kind.skipped, "demands of nothing", demand.name)
            continue
        due_on = world.day(demand.due)
        yield OpenLine(
            source=source,
            id=demand.name,
            priority=10 if demand.priority is None else demand.priority,
            due_on=due_on,
            request=Request(
                id=f"open:{source}:{demand.name}",
                verb=Verb.commit,
                accept="best",
                customer=demand.customer,
                lines=(
                    Line(
                        item=demand.item,
                        quantity=units,
                        requested_on=due_on,
                        site=demand.location,
                        ref=demand.name,
                    ),
                ),
                ref=demand.name,
            ),
        )
