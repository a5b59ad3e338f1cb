"""How do frePPLe's resources, pools and skills become resources and loads of ours?

A pool stands for its members: one of them does the work, the preferred one first. What has no limit is no load. A job
that takes several units of a resource at once takes one "gang" of ours, so that half a gang never works. A job that needs
several resources at once is a load with companions, one for each way to choose them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod

from accord.connect.frepple import words
from accord.connect.frepple.calendars import ALWAYS, Course, capacity
from accord.connect.frepple.world import World
from accord.connect.model import Kind
from accord.ledger.model import CalendarRecord, Companion, Load, Resource

_ENOUGH = 1_000_000  # units of what has no limit
_MADE_FOR = "capacity of "  # ids of the calendars that are made here
_WAYS_MAX = 100  # to choose the resources of one job; more would make every look for capacity slow


class Loads:
    """What each operation needs of which resources."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = {row.name: row for row in world.model.all(words.Resource)}
        self._skills: dict[str, list[words.ResourceSkill]] = {}
        for skill in world.model.all(words.ResourceSkill):
            self._skills.setdefault(skill.resource, []).append(skill)
        self._wanted: dict[str, list[words.OperationResource]] = {}
        for row in world.model.all(words.OperationResource):
            self._wanted.setdefault(row.operation, []).append(row)
        self._unlimited = {name for name, row in self._rows.items() if _has_no_limit(row)}
        self._in_buckets = {name for name, row in self._rows.items() if _is_in_buckets(row)}
        self._gangs = self._sizes_of_gangs()
        self._paces = self._paces_of_work()
        self._sites = self._sites_of_work()
        self._waiting: set[str] = set()
        self._known: dict[tuple[str, str], tuple[Load, ...] | None] = {}
        self.resources, self.calendars = self._resources()
        self._units = {resource.id: resource.units for resource in self.resources}

    def of(self, operation: str, site: str) -> tuple[Load, ...] | None:
        """The ways to load its work, the preferred one first. None: it takes no capacity; empty: nobody can do it there."""
        if (operation, site) not in self._known:
            found = [self._members(group, site) for group in self._groups(operation)]
            choices = [members for members in found if members is not None]
            self._known[operation, site] = self._together(choices, operation) if choices else None
        return self._known[operation, site]

    def waiting(self, site: str) -> tuple[Load, ...]:
        """Time that takes no capacity, between or after steps: a resource of the site that is always enough."""
        name = f"waiting at {site}"
        if name not in self._waiting:
            self._waiting.add(name)
            available = self._world.available.get(site)
            calendar = available if available in self._world.courses else None
            self.resources.append(Resource(id=name, name=name, site=site, calendar=calendar, units=_ENOUGH))
        return (Load(resource=name),)

    def _groups(self, operation: str) -> list[list[words.OperationResource]]:
        """Loads of one name are a choice; each other one is needed as well."""
        groups: dict[str, list[words.OperationResource]] = {}
        for number, row in enumerate(self._wanted.get(operation, ())):
            groups.setdefault(row.name or f"\0{number}", []).append(row)
        return list(groups.values())

    # --- capacity ---

    def _resources(self) -> tuple[list[Resource], list[CalendarRecord]]:
        found: list[Resource] = []
        calendars: list[CalendarRecord] = []
        for row in self._rows.values():
            if row.name in self._unlimited:
                continue
            if row.name in self._in_buckets:
                self._world.notes.add(
                    Kind.not_supported,
                    f"resources of type {row.type}, whose capacity is kept in buckets: work on them is not used",
                    row.name,
                )
                continue
            if self._world.resources.is_group(row.name):
                self._world.notes.add(Kind.skipped, "groups of resources, whose members are loaded", row.name)
                continue
            site = self._sites.get(row.name) or row.location or next(iter(self._world.sites), None)
            if site is None:
                self._world.notes.add(Kind.not_supported, "resources without any location", row.name)
                continue
            units, calendar = self._minutes(row)
            calendars.append(calendar)
            found.append(Resource(id=row.name, name=row.name, site=site, calendar=calendar.id, units=units))
        return found, calendars

    def _minutes(self, row: words.Resource) -> tuple[int, CalendarRecord]:
        """How many gangs work side by side, and the minutes a day of one of them."""
        world, gang = self._world, self._gangs.get(row.name, Fraction(1))
        theirs = world.courses.get(row.maximum_calendar or "")
        if theirs is None:
            theirs = Course(row.maximum if row.maximum is not None else words.ONE)
        amount = theirs.in_wholes_of(gang)
        units = max(1, int(amount.highest))
        if any(value not in (0, amount.highest) for value in amount.values):
            world.notes.add(
                Kind.approximated,
                "capacity of several sizes, kept as minutes a day: on days of a smaller size one job goes slower",
                row.name,
            )
        efficiency = self._paces.get(row.name, _efficiency(row))
        if efficiency > 1:
            world.notes.add(
                Kind.approximated,
                "efficiency above 100 %, of which at most 1440 minutes a day are counted",
                row.name,
            )
        names = [world.available.get(row.location or ""), row.available]
        open_while = [world.courses[name] for name in names if name is not None and name in world.courses]
        calendar = capacity(
            row.name, amount, open_while or [ALWAYS], units=units, efficiency=efficiency, weeks=world.weeks
        )
        return units, CalendarRecord(id=f"{_MADE_FOR}{row.name}", calendar=calendar)

    def _sizes_of_gangs(self) -> dict[str, Fraction]:
        """How much of a resource one job takes: then one of ours is so much of theirs.

        Where jobs take different amounts the largest counts for all: capacity is lost, never sold twice.
        """
        sizes: dict[str, set[Fraction]] = {}
        for rows in self._wanted.values():
            for row in rows:
                for member in self._world.resources.leaves(row.resource):
                    sizes.setdefault(member, set()).add(Fraction(row.quantity))
        for name, found in sizes.items():
            if len(found) > 1:
                self._world.notes.add(
                    Kind.approximated,
                    "loads of different sizes on one resource, all taken as the largest",
                    name,
                )
        return {name: max(found) for name, found in sizes.items() if max(found) > 0}

    def _sites_of_work(self) -> dict[str, str]:
        """Where a resource works: at its own place if any of its work is there, else where the work is."""
        places: dict[str, list[str]] = {}
        for operation in self._world.model.all(words.Operation):
            for row in self._wanted.get(operation.name, ()):
                for member in self._world.resources.leaves(row.resource):
                    if operation.location is not None:
                        places.setdefault(member, []).append(operation.location)
        found = {}
        for name, work in places.items():
            own = self._rows[name].location if name in self._rows else None
            found[name] = own if own in work else work[0]
        return found

    def _paces_of_work(self) -> dict[str, Fraction]:
        """How fast a resource works where it is not alone: as fast as the slowest that it may work with.

        Its other work is taken as slow: capacity is lost, never sold twice.
        """
        found: dict[str, Fraction] = {}
        for operation in self._wanted:
            groups = [
                [
                    self._rows[name]
                    for row in group
                    for name in self._world.resources.leaves(row.resource)
                    if name in self._rows
                ]
                for group in self._groups(operation)
            ]
            for group in groups:
                others = [_efficiency(row) for other in groups if other is not group for row in other]
                for row in group:
                    found[row.name] = min([found.get(row.name, _efficiency(row)), *others])
        for name, pace in found.items():
            if pace < _efficiency(self._rows[name]):
                self._world.notes.add(
                    Kind.approximated,
                    "resources that work with slower ones, taken as slow in all of their work",
                    name,
                )
        return found

    # --- who does the work ---

    def _together(self, choices: list[list[str]], operation: str) -> tuple[Load, ...]:
        """Every way to take one of each choice at once; someone who is taken twice works with two of his units."""
        if prod(map(len, choices)) > _WAYS_MAX:
            self._world.notes.add(
                Kind.approximated,
                f"work with more than {_WAYS_MAX} ways to choose its resources: the preferred ones are used",
                operation,
            )
            while prod(map(len, choices)) > _WAYS_MAX:
                longest = max(choices, key=len)
                choices = [members[:-1] if members is longest else members for members in choices]
        ways: dict[frozenset[tuple[str, int]], dict[str, int]] = {}
        ranks = [range(len(members)) for members in choices]
        for rank in sorted(product(*ranks), key=lambda rank: (sum(rank), rank)):
            units: dict[str, int] = {}
            for place, members in zip(rank, choices, strict=True):
                units[members[place]] = units.get(members[place], 0) + 1
            if all(count <= self._units[name] for name, count in units.items()):
                ways.setdefault(frozenset(units.items()), units)
        found = []
        for priority, way in enumerate(ways.values(), 1):
            (first, count), *others = way.items()
            also = tuple(Companion(resource=name, units=number) for name, number in others)
            found.append(Load(resource=first, units=count, priority=priority, also=also))
        return tuple(found)

    def _members(self, group: Sequence[words.OperationResource], site: str) -> list[str] | None:
        """The resources of which one is needed, preferred first; None = no limit."""
        ranked: list[tuple[int, int, str]] = []
        for row in group:
            if row.priority == 0 and len(group) > 1:
                continue
            if row.effective_start is not None or row.effective_end is not None:
                self._world.notes.add(
                    Kind.approximated,
                    "loads in force for some time only, taken as always in force",
                    row.operation,
                )
            for member in self._world.resources.leaves(row.resource):
                skill = self._skill(member, row.skill)
                if member not in self._rows or member in self._in_buckets or skill is None:
                    continue
                if member in self._unlimited:
                    return None  # someone without a limit can always do it
                if self._sites.get(member, site) != site:
                    self._world.notes.add(
                        Kind.not_supported, "work on a resource that works at another location", row.operation
                    )
                    continue
                ranked.append((1 if row.priority is None else row.priority, skill, member))
        return list(dict.fromkeys(member for _, _, member in sorted(ranked)))

    def _skill(self, resource: str, wanted: str | None) -> int | None:
        """How much the resource is preferred for a skill, lower first; None = it has not got it."""
        if wanted is None:
            return 0
        found = [
            1 if skill.priority is None else skill.priority
            for skill in self._skills.get(resource, ())
            if skill.skill == wanted and skill.priority != 0
        ]
        return min(found, default=None)


def _has_no_limit(row: words.Resource) -> bool:
    return row.type == "infinite" or row.constrained is False


def _is_in_buckets(row: words.Resource) -> bool:
    return not _has_no_limit(row) and (row.type or "default") != "default"


def _efficiency(row: words.Resource) -> Fraction:
    return Fraction(row.efficiency or 100) / 100
