"""What would be left if …? A book of locked keys on which draws and receipts can be tried and undone.

A trial never changes the profiles it was given. Reading a key it was not given is a fault: what was not locked
must not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accord.kit.days import Day, Instant
from accord.kit.errors import Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.projection import (
    Projection,
    deltas_of,
    has_lots,
    lot_atp,
    newly_unfilled,
    unfilled_by_day,
)
from accord.ledger.decide.shares import outer_of, reserved
from accord.ledger.model import Kind, Profile, allocation_key, kind_of_key, node_of

_NOTHING: frozenset[str] = frozenset()


class NotLocked(Fault):
    """A key was looked at that was not given: the request reaches further than what was locked for it."""


class _Key:
    """One key under trial."""

    __slots__ = ("capacity", "deltas", "draws", "lots", "profile", "projection", "supply", "today", "used")

    def __init__(self, profile: Profile, today: Day, is_node: bool) -> None:
        self.profile = profile
        self.today = today
        self.projection: Projection | None = None
        self.lots = is_node and has_lots(profile)
        self.supply: list[tuple[Day, int, str, str, Day]] = list(profile.supply)
        self.draws: list[tuple[Day, int, int]] = list(profile.draws)
        self.deltas: dict[Day, int] = deltas_of(profile, today) if is_node else {}
        self.used: dict[Day, int] = {}
        self.capacity: dict[Day, int] = {}  # as far as it was asked for: days are looked at again and again
        if not is_node:
            for on, _life, quantity in profile.draws:
                self.used[on] = self.used.get(on, 0) + quantity

    def stock(self) -> Projection:
        if self.projection is None:
            self.projection = Projection(self.deltas)
        return self.projection

    def step(self, on: Day, quantity: int) -> None:
        day = on if on > self.today else self.today
        self.deltas[day] = self.deltas.get(day, 0) + quantity
        self.projection = None

    def draw(self, on: Day, life: int, quantity: int) -> None:
        """Add a draw, or take one back (negative), the last ones first."""
        if quantity > 0:
            self.draws.append((on, life, quantity))
            return
        for i in range(len(self.draws) - 1, -1, -1):
            day, days, amount = self.draws[i]
            if day == on and days == life:
                part = min(amount, -quantity)
                quantity += part
                if part == amount:
                    del self.draws[i]
                else:
                    self.draws[i] = (day, days, amount - part)
                if quantity == 0:
                    return
        raise Fault(f"{-quantity} given back at {self.profile.key} on day {on} was never drawn")


class Trial:
    """A copy-on-write book: profiles of locked keys, with trial draws and receipts in an undo log.

    `today` is today's day at each site, by site id; `default_today` serves sites it does not name and keys of no site.
    """

    def __init__(
        self, graph: Graph, profiles: Mapping[str, Profile], today: Mapping[str, Day], default_today: Day
    ) -> None:
        self.graph = graph
        self._profiles = profiles
        self._today = today
        self._default_today = default_today
        self._keys: dict[str, _Key] = {}
        self._log: list[tuple[bool, str, Day, int, int]] = []  # (is a take, key, day, quantity, life)

    # --- reading ---

    def today(self, site: str) -> Day:
        """Today's day at a site."""
        return self._today.get(site, self._default_today)

    @property
    def reads(self) -> tuple[tuple[str, int], ...]:
        """Every key looked at, with the version that was seen, sorted."""
        return tuple(sorted((key, state.profile.version) for key, state in self._keys.items()))

    def look(self, keys: Iterable[str]) -> None:
        """Count keys among those that were looked at."""
        for key in keys:
            self._key(key)

    def atp(
        self, key: str, on: Day, *, life_days: int = 0, terms: frozenset[str] = _NOTHING, borrow: bool = False
    ) -> int:
        """Look-ahead ATP (>= 0) at a node for a requester with these terms ("tier:A", "channel:web", …).

        `borrow`: shares of lower ranks than the requester's own do not protect against it.
        """
        state = self._key(key)
        floor = self._stock(key, state, terms, borrow, on).floor(on)
        if state.lots and floor > 0:
            # Lots alone would let what is short today wait for ever: what it waits for is in the projection.
            draws = [
                *state.draws,
                *((day, 0, q) for day, q in self._reserved(key, state, terms, borrow, on)),
            ]
            floor = min(floor, lot_atp(tuple(state.supply), tuple(draws), state.today, on, life_days))
        return floor if floor > 0 else 0

    def rises_on(
        self, key: str, on: Day, *, life_days: int = 0, terms: frozenset[str] = _NOTHING, borrow: bool = False
    ) -> Day | None:
        """A lower bound of the first day after `on` from which the ATP may be larger; None = never."""
        state = self._key(key)
        if state.lots:
            # A later draw with a later need of life may find less; any day may differ from the one before.
            later = any(s[0] > on for s in state.supply) or any(d[0] > on for d in state.draws)
            return on + 1 if later or self.graph.allocations_on(key) else None
        allocations = self.graph.allocations_on(key)
        begins = [a.from_on for a in allocations if a.from_on > on and terms.issuperset(a.path)]
        rise = self._stock(key, state, terms, borrow, on).rises_on(on)
        return min(begins if rise is None else [rise, *begins], default=None)

    def counted_at(self, key: str) -> int:
        """When the oldest of what is on hand at a node was counted, in microseconds of the epoch; 0 = nothing is there."""
        return self._key(key).profile.counted_at

    def counted_before(self, at: Instant) -> list[str]:
        """The nodes among all it was given of which some stock was last counted before a moment, sorted."""
        return sorted([key for key, profile in self._profiles.items() if 0 < profile.counted_at < at])

    def relief(self, key: str, on: Day) -> tuple[Day, str] | None:
        """The first receipt after a day: its day, and the number by which people know it."""
        return min(
            ((s[0], s[3] or s[2]) for s in self._key(key).supply if s[0] > on and s[1] > 0), default=None
        )

    def free(self, key: str, on: Day) -> int:
        """What a resource, supplier or allocation has left on a day (>= 0)."""
        state = self._key(key)
        capacity = state.capacity.get(on)
        if capacity is None:
            capacity = state.capacity[on] = self.graph.capacity(key, on)
        # A share is one amount for its whole period: what was taken of it stays taken when the period is moved.
        used = sum(state.used.values()) if key.startswith("allocation:") else state.used.get(on, 0)
        free = capacity - used
        return free if free > 0 else 0

    def used(self, key: str) -> dict[Day, int]:
        """What is drawn on a resource, supplier or allocation by day, as it stands now."""
        return dict(self._key(key).used)

    def sources(self, key: str, on: Day, quantity: int) -> tuple[tuple[str, int, Day], ...]:
        """Which supplies a new draw would use, as (number or "on hand", quantity, day). Read it BEFORE taking.

        On hand first, then receipts by day, after what is drawn already up to that day.
        """
        state = self._key(key)
        taken = sum(amount for day, _life, amount in state.draws if day <= on)
        found: list[tuple[str, int, Day]] = []
        for usable, amount, ident, ref, _expires in sorted(state.supply):
            if quantity == 0 or usable > on:
                break
            used = amount if amount < taken else taken
            taken -= used
            part = min(amount - used, quantity)
            if part > 0:
                quantity -= part
                found.append(("on hand" if usable == 0 else ref or ident, part, max(usable, state.today)))
        return tuple(found)

    def allocation_takes(
        self, key: str, on: Day, quantity: int, terms: frozenset[str]
    ) -> tuple[tuple[str, Day, int], ...]:
        """The shares a requester uses up with this draw: (allocation key, first day of its period, quantity)."""
        takes = []
        for allocation in self.graph.allocations_on(key):
            if allocation.from_on <= on < allocation.until_on and terms.issuperset(allocation.path):
                share = allocation_key(allocation.id)
                # What is kept inside it for others, a channel's part of a tier's, is not the requester's to use up.
                kept = sum(
                    self.free(allocation_key(inner.id), inner.from_on)
                    for inner in self.graph.allocations_on(key)
                    if not terms.issuperset(inner.path)
                    and outer_of(inner, self.graph.allocations_on(key)) == allocation
                )
                part = min(quantity, self.free(share, allocation.from_on) - kept)
                if part > 0:
                    takes.append((share, allocation.from_on, part))
        return tuple(takes)

    def bears(
        self,
        adds: Iterable[tuple[str, Day, int, Day]],
        takes: Iterable[tuple[str, Day, int, int]],
        *,
        terms: frozenset[str] = _NOTHING,
        borrow: bool = False,
    ) -> bool:
        """Whether these receipts and draws would pass the gate as one change, for a requester with these terms.

        Receipts are (key, usable on, quantity, last day of use or 0), draws (key, day, quantity, remaining life). No key
        may end below zero on a day on which it was higher before, what is protected for others taken off on both sides,
        and no lot may be missing that was not missing before. Draws on shares say which ones the change uses up; how much they
        have is not asked, so that one that shrank makes no hold uncovered. The trial is left as it was.
        """
        adds, takes = list(adds), list(takes)
        keys = sorted({row[0] for row in (*adds, *takes)})
        nodes = [key for key in keys if kind_of_key(key) is Kind.node]
        for key, _on, _quantity, expires_on in adds:
            if expires_on:
                self._key(key).lots = True  # before as well as after, or what was missing would seem new
        unused = {key: self._unused(key) for key in nodes}
        steps = {key: dict(self._key(key).deltas) for key in nodes}
        missed = {key: self._unfilled(key) for key in nodes}
        mark = self.mark()
        for key, on, quantity, expires_on in adds:
            self.add(key, on, quantity, "", expires_on)
        fits = True
        for key, on, quantity, life in takes:
            is_asked = key not in unused and kind_of_key(key) is not Kind.allocation
            fits = fits and not (is_asked and self.free(key, on) < quantity)
            self.take(key, on, quantity, life)
        for key in nodes:
            kept = reserved(
                self.graph.allocations_on(key), unused[key], steps[key], self._key(key).today, terms, borrow,
                self._unused(key),
            )  # fmt: skip
            was, now = _less(steps[key], kept), _less(self._key(key).deltas, kept)
            days = sorted({*was.days, *now.days})
            fits = fits and not any(now.level(day) < min(0, was.level(day)) for day in days)
            state = self._key(key)
            if state.lots:
                fits = fits and not newly_unfilled(state.supply, state.draws, state.today, missed[key])
        self.undo(mark)
        return fits

    # --- trying ---

    def mark(self) -> int:
        """Where the trial stands; `undo` goes back to it."""
        return len(self._log)

    def undo(self, mark: int) -> None:
        """Take everything back that was tried since the mark."""
        while len(self._log) > mark:
            is_take, key, on, quantity, life = self._log.pop()
            if is_take:
                self._take(key, on, -quantity, life)
            else:
                state = self._keys[key]
                state.supply.pop()
                state.step(on, -quantity)

    def take(self, key: str, on: Day, quantity: int, life_days: int = 0) -> None:
        """Draw on a key; a negative quantity gives back."""
        self._key(key)
        self._take(key, on, quantity, life_days)
        self._log.append((True, key, on, quantity, life_days))

    def add(self, key: str, on: Day, quantity: int, ref: str, expires_on: Day = 0) -> None:
        """Add a proposed receipt to a node."""
        state = self._key(key)
        state.supply.append((on, quantity, ref, ref, expires_on))
        state.step(on, quantity)
        self._log.append((False, key, on, quantity, 0))

    # --- inside ---

    def _key(self, key: str) -> _Key:
        state = self._keys.get(key)
        if state is None:
            profile = self._profiles.get(key)
            if profile is None:
                raise NotLocked(f"{key} was looked at without being locked")
            is_node = key.startswith("node:")
            today = self.today(node_of(key)[1]) if is_node else self._default_today
            state = self._keys[key] = _Key(profile, today, is_node)
        return state

    def _take(self, key: str, on: Day, quantity: int, life: int) -> None:
        state = self._keys[key]
        state.draw(on, life, quantity)
        if key.startswith("node:"):
            state.step(on, -quantity)
        else:
            state.used[on] = state.used.get(on, 0) + quantity

    def _stock(self, key: str, state: _Key, terms: frozenset[str], borrow: bool, on: Day) -> Projection:
        """The projection with what is protected for others drawn from it, for a draw on a day."""
        if not self.graph.allocations_on(key):
            return state.stock()
        return _less(state.deltas, self._reserved(key, state, terms, borrow, on))

    def _unfilled(self, key: str) -> dict[tuple[Day, int], int]:
        """What no lot can cover, where lots expire."""
        state = self._key(key)
        return unfilled_by_day(state.supply, state.draws, state.today) if state.lots else {}

    def _reserved(
        self, key: str, state: _Key, terms: frozenset[str], borrow: bool, on: Day
    ) -> list[tuple[Day, int]]:
        allocations = self.graph.allocations_on(key)
        if not allocations:
            return []
        unused = self._unused(key)
        keeps = {a.id: unused[a.id] for a in allocations if not a.from_on <= on < a.until_on}
        return reserved(allocations, unused, state.deltas, state.today, terms, borrow, keeps)

    def _unused(self, key: str) -> dict[str, int]:
        """What each share of a node has left."""
        return {a.id: self.free(allocation_key(a.id), a.from_on) for a in self.graph.allocations_on(key)}


def _less(deltas: Mapping[Day, int], kept: Iterable[tuple[Day, int]]) -> Projection:
    """The projection of these steps without what is kept for others."""
    left = dict(deltas)
    for day, quantity in kept:
        left[day] = left.get(day, 0) - quantity
    return Projection(left)
