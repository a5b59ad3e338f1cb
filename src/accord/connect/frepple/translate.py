"""How do frePPLe's words become ours?

`read` gives a model, `translate` says it in master data, supply news, customers and open order lines. Dates move by
one whole number of weeks, so that weekdays stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord.connect.frepple import words
from accord.connect.frepple.calendars import working
from accord.connect.frepple.loads import Loads
from accord.connect.frepple.operations import Operations
from accord.connect.frepple.orders import Receipts, counts, lines, needs
from accord.connect.frepple.read import Model, read
from accord.connect.frepple.sources import lanes, minor, suppliers, terms
from accord.connect.frepple.world import World
from accord.connect.known import depth
from accord.connect.model import Kind, Notes, Translation
from accord.exceptions.model import Master, MasterStated, News
from accord.kit.days import Day
from accord.kit.errors import InputError
from accord.ledger.model import CalendarRecord, Item, Site
from accord.policy.model import Customer

LEAD_DAYS_MIN = 28  # how far ahead the earliest reopened demand is due, at least
EARLY_DAYS_MAX = (
    21  # a due date of theirs is a deadline: where that day is closed, the open day before it will do
)
HORIZON_DAYS_AFTER = 365  # how long after the last due day a promise may lie

__all__ = ["read", "translate"]


def translate(model: Model, *, today: Day, reopen: bool, shift: int | None = None) -> Translation:
    """Everything the model says, in our words.

    `reopen`: every demand is open, whatever its status. `shift`: weeks by which every date moves; None = none, or with
    `reopen` the smallest number that puts the earliest due day 28 days or more after today.
    Raises: InputError when there is nothing to reopen.
    """
    notes = Notes()
    for note in model.notes:
        for example in note.examples or ("",):
            notes.add(note.kind, note.what, example, count=0)
        notes.add(note.kind, note.what, count=note.count)
    if shift is None:
        shift = weeks_ahead(model, today) if reopen else 0
    if shift:
        notes.add(Kind.changed, f"every date moved by {shift} weeks")
    world = World(model, today=today, weeks=shift, notes=notes)
    source = f"frepple/{model.source}"
    loads = Loads(world)
    operations = Operations(world, loads)
    needs(world, operations)
    made = operations.all()
    masters: list[Master] = [
        *_calendars(world),
        *loads.calendars,
        *_sites(world),
        *_items(world),
        *loads.resources,
        *suppliers(world),
        *made,
        *lanes(world),
        *terms(world),
    ]
    supply: list[News] = [*counts(world), *Receipts(world, operations, loads).all()]
    open_lines = tuple(lines(world, operations, source, reopen=reopen))
    latest = max((line.due_on for line in open_lines), default=None)
    return Translation(
        source=source,
        news=(*(MasterStated(record=record) for record in masters), *supply),
        policy=tuple(_customers(world)),
        lines=open_lines,
        notes=notes.all(),
        read=model.counts,
        horizon_on=None if latest is None else latest + HORIZON_DAYS_AFTER,
        depth_min=depth(masters),
    )


def weeks_ahead(model: Model, today: Day) -> int:
    """The smallest number of weeks that puts the earliest due day 28 days or more after today.

    Raises: InputError when the model has no demands.
    """
    earliest = min((demand.due.date().toordinal() for demand in model.all(words.Demand)), default=None)
    if earliest is None:
        raise InputError.at("reopen", "no_demands", "The model has no demands that could be reopened.")
    return -((earliest - today - LEAD_DAYS_MIN) // 7)


def _calendars(world: World) -> Iterator[CalendarRecord]:
    """The working calendars that something of ours refers to."""
    used = [world.available.get(site) for site in world.sites]
    used += [supplier.calendar for supplier in suppliers(world)]
    for name in dict.fromkeys(name for name in used if name is not None and name in world.courses):
        yield CalendarRecord(id=name, calendar=working(name, [world.courses[name]], weeks=world.weeks))


def _sites(world: World) -> Iterator[Site]:
    for name in world.sites:
        calendar = world.available.get(name)
        yield Site(id=name, name=name, calendar=calendar if calendar in world.courses else None)
    for name in world.locations.names:
        if name not in world.sites:
            world.notes.add(Kind.skipped, "groups of locations, which hold nothing themselves", name)


def _items(world: World) -> Iterator[Item]:
    rows = {row.name: row for row in world.model.all(words.Item)}
    for name in world.items.names:
        if world.items.is_group(name):
            world.notes.add(
                Kind.skipped, "groups of items; what is said of them is said of each of their items", name
            )
            continue
        row = rows.get(name)
        yield Item(
            id=name,
            name=name if row is None else row.description or name,
            unit="piece" if row is None else row.uom or "piece",
            scale=world.scale(name),
            cost_minor=0 if row is None else minor(row.cost),
        )


def _customers(world: World) -> Iterator[Customer]:
    rows = world.model.all(words.Customer)
    groups = {row.owner for row in rows}
    asked = {demand.customer for demand in world.model.all(words.Demand)}
    names = dict.fromkeys([*(row.name for row in rows), *sorted(name for name in asked if name is not None)])
    for name in names:
        if name in groups and name not in asked:
            world.notes.add(Kind.skipped, "groups of customers", name)
            continue
        yield Customer(id=name, name=name, early_days_max=EARLY_DAYS_MAX)
