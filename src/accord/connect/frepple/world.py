"""What does a frePPLe model mean as a whole? Groups and their leaves, days after the shift, scales of items.

Everything that translates one part of a model asks here, so that a group, a date or a quantity means the same
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from accord.connect.frepple import words
from accord.connect.frepple.calendars import Course, courses, working
from accord.connect.frepple.read import Model
from accord.connect.model import Kind, Notes
from accord.kit.calendars import Timetable
from accord.kit.days import MINUTES_A_DAY, Day

DECIMALS_MAX = 6  # finer than a millionth of a unit is noise of their floats
_A_DAY = timedelta(days=1)


class Tree:
    """A hierarchy: who is a group, and which leaves are below it."""

    def __init__(self, owners: Mapping[str, str | None]) -> None:
        self._children: dict[str, list[str]] = {}
        for name, owner in owners.items():
            if owner is not None and owner != name:
                self._children.setdefault(owner, []).append(name)
        self.names = tuple(owners)

    def is_group(self, name: str) -> bool:
        """Whether anything is below it."""
        return name in self._children

    def leaves(self, name: str) -> tuple[str, ...]:
        """All below it that have nothing below themselves, in alphabetical order; itself when it is no group."""
        found: set[str] = set()
        seen: set[str] = set()
        stack = [name]
        while stack:
            one = stack.pop()
            if one in seen:
                continue
            seen.add(one)
            below = self._children.get(one)
            if below:
                stack.extend(below)
            else:
                found.add(one)
        return tuple(sorted(found))


class World:
    """A model with its shift: the names, days and quantities that every translation uses."""

    def __init__(self, model: Model, *, today: Day, weeks: int, notes: Notes) -> None:
        self.model = model
        self.today = today
        self.weeks = weeks
        self.notes = notes
        self.items = Tree(_with_mentioned(model.all(words.Item), _mentioned_items(model)))
        self.locations = Tree(_with_mentioned(model.all(words.Location), _mentioned_locations(model)))
        self.resources = Tree({resource.name: resource.owner for resource in model.all(words.Resource)})
        self.courses: dict[str, Course] = courses(model.all(words.Calendar), model.all(words.CalendarBucket))
        self.available = {location.name: location.available for location in model.all(words.Location)}
        self.parameters = {parameter.name: parameter.value or "" for parameter in model.all(words.Parameter)}
        used = _mentioned_locations(model)
        self.sites = tuple(
            sorted(name for name in self.locations.names if not self.locations.is_group(name) or name in used)
        )
        self._scales: dict[str, int] = {}
        self._working_minutes: dict[str | None, int] = {}

    # --- days ---

    def day(self, at: datetime) -> Day:
        """The day of a moment, after the shift."""
        return at.date().toordinal() + 7 * self.weeks

    def day_after(self, at: datetime) -> Day:
        """The first day that begins at or after a moment: what comes during a day is usable on the next."""
        return self.day(at) + (1 if at.time() != datetime.min.time() else 0)

    def from_on(self, at: datetime | None) -> Day | None:
        """The first whole day of a validity; None = since ever."""
        return None if at is None or at <= words.ALWAYS_FROM else self.day_after(at)

    def until_on(self, at: datetime | None) -> Day | None:
        """The first day after a validity; None = for ever."""
        return None if at is None or at >= words.ALWAYS_UNTIL else self.day(at)

    def days(self, duration: timedelta | None) -> int:
        """Whole days, rounded up."""
        return 0 if duration is None or duration <= timedelta() else -(-duration // _A_DAY)

    def working_minutes(self, location: str | None) -> int:
        """Minutes of a usual open day at a place: the most frequent in the year ahead, the fewer of two equals."""
        calendar = self.available.get(location) if location is not None else None
        if calendar not in self._working_minutes:
            self._working_minutes[calendar] = self._usual_minutes(calendar)
        return self._working_minutes[calendar]

    def working_days(self, duration: timedelta, location: str | None) -> int:
        """Open days of the place that a duration of working time fills, rounded up."""
        minutes = Fraction(int(duration.total_seconds()), 60)
        return ceil(minutes / self.working_minutes(location)) if minutes > 0 else 0

    def _usual_minutes(self, calendar: str | None) -> int:
        course = self.courses.get(calendar or "")
        if course is None:
            return MINUTES_A_DAY
        timetable = Timetable(working(calendar or "", [course], weeks=self.weeks))
        count: dict[int, int] = {}
        for day in range(self.today, self.today + 366):
            minutes = timetable.minutes_on(day)
            count[minutes] = count.get(minutes, 0) + 1
        count.pop(0, None)
        return min(count, key=lambda minutes: (-count[minutes], minutes)) if count else MINUTES_A_DAY

    # --- quantities ---

    def scale(self, item: str) -> int:
        """Base units in one of their units: the smallest power of ten that makes all its quantities whole."""
        return self._scales.get(item, 1)

    def needs(self, item: str, quantities: Iterable[Decimal | None]) -> None:
        """These quantities of an item, or of every item of a group, must be whole in base units."""
        decimals = max((_decimals(quantity) for quantity in quantities if quantity is not None), default=0)
        if decimals > DECIMALS_MAX:
            self.notes.add(
                Kind.approximated,
                f"quantities with more than {DECIMALS_MAX} decimals, rounded up to a millionth",
                item,
            )
        scale = 10 ** min(decimals, DECIMALS_MAX)
        for leaf in self.items.leaves(item):
            if scale > self.scale(leaf):
                self._scales[leaf] = scale

    def units(self, item: str, quantity: Decimal | Fraction | None, *, up: bool = True) -> int:
        """Base units of a quantity; what is finer than the scale is rounded up, or down."""
        exact = Fraction(quantity or 0) * self.scale(item)
        return ceil(exact) if up else floor(exact)

    # --- places ---

    def places(self, location: str | None) -> tuple[str, ...]:
        """The sites a row speaks of: one, all of a group, or all there are."""
        if location is None:
            return self.sites
        return tuple(name for name in self.locations.leaves(location) if name in self.sites) or (location,)


def _decimals(quantity: Decimal) -> int:
    exponent = quantity.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _with_mentioned(
    rows: Sequence[words.Item] | Sequence[words.Location], mentioned: Iterable[str]
) -> dict[str, str | None]:
    """Owners by name; what others mention without a row of its own is there too, at the top."""
    owners: dict[str, str | None] = {row.name: row.owner for row in rows}
    for name in mentioned:
        owners.setdefault(name, None)
    return owners


def _mentioned_items(model: Model) -> set[str]:
    found: set[str | None] = {row.item for row in model.all(words.Buffer)}
    found |= {row.item for row in model.all(words.OperationMaterial)}
    found |= {row.item for row in model.all(words.Operation)}
    found |= {row.item for row in model.all(words.Demand)}
    found |= {row.item for row in model.all(words.ItemSupplier)}
    found |= {row.item for row in model.all(words.ItemDistribution)}
    found |= {row.item for row in model.all(words.OperationPlan)}
    return {name for name in found if name is not None}


def _mentioned_locations(model: Model) -> set[str]:
    """Places at which something is or happens; group rows of suppliers and distributions do not count."""
    found: set[str | None] = {row.location for row in model.all(words.Buffer)}
    found |= {row.location for row in model.all(words.Operation)}
    found |= {row.location for row in model.all(words.Demand)}
    found |= {row.location for row in model.all(words.Resource)}
    for plan in model.all(words.OperationPlan):
        found |= {plan.location, plan.origin, plan.destination}
    return {name for name in found if name is not None}
