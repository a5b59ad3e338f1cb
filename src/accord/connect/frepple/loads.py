"""How do frePPLe's resources, pools and skills become resources and loads of ours?

A pool stands for its members: one of them does the work, the preferred one first. What has no limit is no load.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from accord.connect.frepple import words
from accord.connect.frepple.calendars import ALWAYS, Course, capacity
from accord.connect.frepple.world import World
from accord.connect.model import Kind
from accord.ledger.model import CalendarRecord, Load, Resource

_MADE_FOR = "capacity of "  # ids of the calendars that are made here


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
        self._unlimited = {name for name, row in self._rows.items() if self._has_no_limit(row)}
        self.resources, self.calendars = self._resources()

    def of(self, operation: str) -> list[tuple[Load, ...]]:
        """What must be loaded, all of it; each is a choice of loads. An empty choice: nobody can do it."""
        groups: dict[str, list[words.OperationResource]] = {}
        for number, row in enumerate(self._wanted.get(operation, ())):
            groups.setdefault(row.name or f"\0{number}", []).append(row)
        found = [self._loads(group) for group in groups.values()]
        return [loads for loads in found if loads is not None]

    def _resources(self) -> tuple[list[Resource], list[CalendarRecord]]:
        """Every resource that can be loaded, with the calendar of its minutes."""
        found: list[Resource] = []
        calendars: list[CalendarRecord] = []
        for row in self._rows.values():
            if row.name in self._unlimited:
                continue
            if self._world.resources.is_group(row.name):
                self._world.notes.add(Kind.skipped, "groups of resources, whose members are loaded", row.name)
                continue
            site = row.location or (self._world.sites[0] if self._world.sites else None)
            if site is None:
                self._world.notes.add(Kind.not_supported, "resources without any location", row.name)
                continue
            units, calendar = self._minutes(row)
            calendars.append(calendar)
            found.append(Resource(id=row.name, name=row.name, site=site, calendar=calendar.id, units=units))
        return found, calendars

    # --- capacity ---

    def _minutes(self, row: words.Resource) -> tuple[int, CalendarRecord]:
        world = self._world
        amount = world.courses.get(row.maximum_calendar or "")
        if amount is None:
            amount = Course(row.maximum if row.maximum is not None else words.ONE)
        units = max(1, ceil(amount.highest))
        if (
            any(bucket.value not in (0, amount.highest) for bucket in amount.buckets)
            or units != amount.highest
        ):
            world.notes.add(
                Kind.approximated,
                "capacity that is not the same whole number of units whenever it is there, kept as minutes a day",
                row.name,
            )
        efficiency = Fraction(row.efficiency or 100) / 100
        if efficiency > 1:
            world.notes.add(
                Kind.approximated, "efficiency above 100 %, at most 1440 minutes a day are counted", row.name
            )
        names = [world.available.get(row.location or ""), row.available]
        open_while = [world.courses[name] for name in names if name is not None and name in world.courses]
        calendar = capacity(
            row.name, amount, open_while or [ALWAYS], units=units, efficiency=efficiency, weeks=world.weeks
        )
        return units, CalendarRecord(id=f"{_MADE_FOR}{row.name}", calendar=calendar)

    def _has_no_limit(self, row: words.Resource) -> bool:
        kind = row.type or "default"
        if kind == "infinite" or row.constrained is False:
            return True
        if kind != "default":
            self._world.notes.add(
                Kind.not_supported, f"resources of type {kind}: their capacity is not limited", row.name
            )
            return True
        return False

    # --- who does the work ---

    def _loads(self, group: Sequence[words.OperationResource]) -> tuple[Load, ...] | None:
        """The choice, preferred first; None = no limit."""
        ranked: list[tuple[tuple[int, int, str], Load]] = []
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
                if member not in self._rows or skill is None:
                    continue
                if member in self._unlimited:
                    return None  # someone without a limit can always do it
                ranked.append(
                    (
                        (1 if row.priority is None else row.priority, skill, member),
                        Load(resource=member, units=max(1, ceil(row.quantity))),
                    )
                )
            if row.quantity != int(row.quantity):
                self._world.notes.add(
                    Kind.approximated,
                    "loads of a fraction of a resource, taken as whole units",
                    row.operation,
                )
        ranked.sort(key=lambda pair: pair[0])
        return tuple(
            Load(resource=load.resource, units=load.units, priority=number)
            for number, (_, load) in enumerate(ranked, 1)
        )

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
