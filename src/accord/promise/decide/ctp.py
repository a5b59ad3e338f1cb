"""Can this quantity of an item leave a site on this day, and how?

`Ctp.cover` is the definition of docs/decision.md: stock and receipts first, then the first source that brings the
rest by then, each component asked the same question on the day its work starts. Everything is tried on a trial
book: after a yes the trial holds the draws and receipts, after a no it is as before.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.kit.days import Day, Instant
from accord.ledger.decide.graph import Graph, Source
from accord.ledger.decide.trial import Trial
from accord.ledger.model import Lane, Operation, node_key
from accord.policy.model import Rules
from accord.promise.decide.bounds import Bounds
from accord.promise.decide.buy import buy
from accord.promise.decide.make import make
from accord.promise.decide.move import move
from accord.promise.decide.reply import Lot, Reply, Short, half_up, lots, name_of
from accord.promise.model import Evidence, Limit, Refusal, Take

_DAYS_A_YEAR_BP = 365 * 10_000


class Ctp:
    """One way of looking at a trial: for a requester with these terms, with or without expediting, borrowing and the fence."""

    def __init__(
        self,
        graph: Graph,
        trial: Trial,
        rules: Rules,
        now: Instant,
        *,
        terms: frozenset[str],
        expedite: bool = False,
        borrow: bool = False,
        inside_fence: bool = False,
    ) -> None:
        self.graph = graph
        self.trial = trial
        self.rules = rules
        self.now = now
        self.terms = terms
        self.expedite = expedite  # expedite sources and overtime count
        self.borrow = borrow  # shares of lower ranks do not protect against it
        self.inside_fence = inside_fence  # new work may start inside the fence
        self.bounds: Bounds | None = None  # None: nothing is known, every day and source is tried
        self._starts: dict[str, Day] = {}

    def prepare(self, nodes: tuple[tuple[str, str], ...]) -> None:
        """Work out, on the trial as it stands, what cannot succeed before which day; must be the state cover starts from."""
        self.bounds = Bounds(self, nodes)

    def first_day(self, site: str) -> Day:
        """The first day on which anything can leave the site or start there, by its calendar and cut-off."""
        day = self._starts.get(site)
        if day is None:
            record = self.graph.sites[site]
            if record.calendar is None and record.cutoff_minute is None:
                day = self.trial.today(site)  # the usual case, without asking a clock or a calendar
            else:
                day = self.graph.origin_ship_on(site, self.now)
            self._starts[site] = day
        return day

    def starts_on(self, site: str, fence_days: int) -> tuple[Day, bool]:
        """The first day on which new work may start at a site, and whether it is the fence that says so."""
        first = self.first_day(site)
        if self.inside_fence:
            return first, False
        fenced = self.trial.today(site) + max(fence_days, self.rules.fence_days)
        return (fenced, True) if fenced > first else (first, False)

    def sources(self, item: str, site: str) -> tuple[Source, ...]:
        """The sources of a node in the order in which they are tried."""
        found = self.graph.sources_for(item, site)
        if self.expedite or not any(source.expedite for source in found):
            return found
        return tuple(source for source in found if not source.expedite)

    def available(self, item: str, site: str, on: Day, life_days: int = 0) -> int:
        """What stock and receipts alone can give on a day."""
        return self.trial.atp(
            node_key(item, site), on, life_days=life_days, terms=self.terms, borrow=self.borrow
        )

    def cover(
        self,
        quantity: int,
        item: str,
        site: str,
        on: Day,
        path: tuple[str, ...] = (),
        *,
        life_days: int = 0,
        explains: bool = False,
    ) -> Reply | Short:
        """Take the whole quantity on the day, from stock and one source for the rest; on a no nothing is taken.

        `path` names the nodes that wait for this one, the asked node first. `explains`: on a no, the limit is that of
        the source that gets nearest, down to its own short component; else it may be a bound only.
        """
        trial, key = self.trial, node_key(item, site)
        stock = min(quantity, self.available(item, site, on, life_days))
        if stock == quantity:
            return self._taken(quantity, quantity, item, site, on, path, life_days)
        there = trial.sources(key, on, stock) if stock and not path else ()
        made = self._bring(quantity - stock, item, site, key, on, path, life_days, explains)
        if isinstance(made, Short):
            return made
        return self._taken(quantity, stock, item, site, on, path, life_days, there, made)

    def _taken(
        self,
        quantity: int,
        stock: int,
        item: str,
        site: str,
        on: Day,
        path: tuple[str, ...],
        life_days: int,
        there: Sequence[tuple[str, int, Day]] | None = None,
        made: Sequence[Lot] = (),
        *,
        keeps: bool = True,
    ) -> Reply:
        """Draw the quantity, `stock` of it from what was there before: from `there`, where that is known already."""
        trial, key = self.trial, node_key(item, site)
        evidence: tuple[Evidence, ...] = ()
        if not path:
            if there is None:
                there = trial.sources(key, on, stock)
            evidence = tuple([Evidence(source=source, quantity=part, on=day) for source, part, day in there])
            if made:
                evidence += tuple(
                    Evidence(source=lot.make.source, quantity=lot.make.quantity, on=lot.make.on)
                    for lot in reversed(made)
                )
        takes = [Take(key=key, on=on, quantity=quantity, life_days=life_days)]
        if stock:
            for share, period_on, part in trial.allocation_takes(key, on, stock, self.terms):
                takes.append(Take(key=share, on=period_on, quantity=part))
        if keeps:
            for take in takes:
                trial.take(take.key, take.on, take.quantity, take.life_days)
        return Reply(
            from_stock=stock,
            cost_minor=self._cost(item, on, stock, quantity - stock, made),
            takes=tuple(takes),
            makes=tuple([receipt for lot in made for receipt in (*lot.below, lot.make)]),
            evidence=evidence,
        )

    def from_stock(
        self, quantity: int, item: str, site: str, on: Day, life_days: int, *, keeps: bool
    ) -> Reply | None:
        """The whole quantity on the day from stock and receipts; None where they do not suffice.

        `keeps`: the trial holds the draws after a yes; without it only the answer is wanted.
        """
        if self.available(item, site, on, life_days) < quantity:
            return None
        return self._taken(quantity, quantity, item, site, on, (), life_days, keeps=keeps)

    def next_try(self, quantity: int, item: str, site: str, on: Day, life_days: int = 0) -> Day | None:
        """The first day after a no on which a yes is not ruled out; None = never within the horizon."""
        if self.bounds is None:
            return on + 1
        again = self.trial.rises_on(
            node_key(item, site), on, life_days=life_days, terms=self.terms, borrow=self.borrow
        )
        rest = max(1, quantity - self.available(item, site, on, life_days))
        for source in self.sources(item, site) if self.rules.depth_max else ():
            bound = self.bounds.of(source, rest)
            if bound is not None and (again is None or max(bound, on + 1) < again):
                again = max(bound, on + 1)
        return again

    def possible_on(self, quantity: int, item: str, site: str, life_days: int = 0) -> Day | None:
        """No earlier day can succeed, whatever else is promised before on this trial; None = none within the horizon.

        The quantity comes from stock alone, or a source brings something: an earlier line may have left some of it over.
        """
        today = self.trial.today(site)
        there = today if self.available(item, site, today, life_days) >= quantity else None
        days = [there or self.stock_on(quantity, item, site, today, life_days)]
        if self.bounds is None:
            return today
        if self.rules.depth_max:
            days += [self.bounds.of(source, 1) for source in self.sources(item, site)]
        return min((day for day in days if day is not None), default=None)

    def may_bring(self, item: str, site: str, on: Day) -> bool:
        """Whether it is not ruled out that some source brings anything by the day."""
        if not self.rules.depth_max:
            return False
        sources = self.sources(item, site)
        if self.bounds is None:
            return bool(sources)
        return any((bound := self.bounds.of(source, 1)) is not None and bound <= on for source in sources)

    def _bring(
        self,
        rest: int,
        item: str,
        site: str,
        key: str,
        on: Day,
        path: tuple[str, ...],
        life_days: int,
        explains: bool,
    ) -> list[Lot] | Short:
        """Receipts of at least the rest, usable by the day, from the first source that can."""
        trial = self.trial
        sources = self.sources(item, site) if len(path) < self.rules.depth_max else ()
        nearest: Short | None = None
        hopeless: tuple[Day | None, Source] | None = (
            None  # the nearest source that no try can bring by the day
        )
        for source in sources:
            bound = self.bounds.of(source, rest) if self.bounds is not None else on
            if bound is None or bound > on:
                if hopeless is None or _sooner(bound, hopeless[0]):
                    hopeless = (bound, source)
                continue
            mark = trial.mark()
            found = self._lots(source, rest, key, on, path, explains)
            if not isinstance(found, Short):
                return found
            trial.undo(mark)
            if nearest is None or _sooner(found.retry_on, nearest.retry_on):
                nearest = found
        if not explains:
            return nearest or Short(Limit(why=Refusal.supply_short, key=key, on=on, short=rest), None)
        if nearest is None and hopeless is not None:
            nearest = self._explain(*hopeless, rest, key, on, path)
        stock = self.stock_short(rest, item, site, on, life_days, has_source=bool(sources))
        return stock if nearest is None or _sooner(stock.retry_on, nearest.retry_on) else nearest

    def _explain(
        self, bound: Day | None, source: Source, rest: int, key: str, on: Day, path: tuple[str, ...]
    ) -> Short:
        """Why the nearest source cannot bring the rest by the day, although it need not be tried to know that it cannot."""
        mark = self.trial.mark()
        found = self._lots(source, rest, key, on, path, explains=True)
        self.trial.undo(mark)
        limit = Limit(why=Refusal.lead_time_too_long, key=key, on=on, short=rest)
        if isinstance(found, Short):
            limit = found.limit
        if limit.until is None:
            limit = msgspec.structs.replace(limit, until=bound)
        return Short(limit, bound)

    def _lots(
        self, source: Source, rest: int, key: str, on: Day, path: tuple[str, ...], explains: bool
    ) -> list[Lot] | Short:
        """Every lot of one source in the order in which they are placed, the last lot first; the trial holds the receipts."""
        below = (*path, key)
        made: list[Lot] = []
        sizes = lots(source, rest)
        if not sizes:
            return Short(Limit(why=Refusal.supply_short, key=key, on=on, short=rest), None)
        for size in reversed(sizes):
            match source:
                case Operation():
                    found = make(self, source, size, on, below, explains)
                case Lane():
                    found = move(self, source, size, on, below, explains)
                case _:
                    found = buy(self, source, size, on, below)
            if isinstance(found, Short):
                return found
            self.trial.add(key, found.make.on, found.make.quantity, name_of(source))
            made.append(found)
        left = rest
        for lot in reversed(made):
            needed = min(left, lot.make.quantity)
            left -= needed
            lot.make = msgspec.structs.replace(lot.make, needed=needed, needed_on=on)
        return made

    def _cost(self, item: str, on: Day, stock: int, rest: int, made: Sequence[Lot]) -> int:
        """Stock at the item's cost, the rest at its share of the lots' cost, kept in stock until the day."""
        record = self.graph.items[item]
        cost = half_up(stock * record.cost_minor, record.scale) if stock else 0
        if rest:
            total = sum(lot.make.quantity for lot in made)
            cost += half_up(sum(lot.make.cost_minor for lot in made) * rest, total)
            holding = sum(lot.make.cost_minor * (on - lot.make.on) for lot in made)
            cost += half_up(holding * rest * record.holding_bp_a_year, total * _DAYS_A_YEAR_BP)
        return cost

    def stock_short(
        self, rest: int, item: str, site: str, on: Day, life_days: int, *, has_source: bool
    ) -> Short:
        """Why stock and receipts alone do not do: others' shares, remaining life, or there is not enough."""
        trial, key = self.trial, node_key(item, site)
        here = self.available(item, site, on, life_days)
        until = self.stock_on(rest + here, item, site, on, life_days)
        relief = trial.relief(key, on)
        ref = relief[1] if relief is not None and until is not None and relief[0] == until else ""
        why = Refusal.supply_short
        if life_days and trial.atp(key, on, terms=self.terms, borrow=self.borrow) >= here + rest:
            why = Refusal.remaining_life_too_short
        elif not self.borrow and self._anyone(key, on, life_days) >= here + rest:
            why = Refusal.protected_for_others
        elif not has_source and until is None and here == 0:
            why = Refusal.no_source
        return Short(Limit(why=why, key=key, on=on, short=rest, until=until, ref=ref), until)

    def _anyone(self, key: str, on: Day, life_days: int) -> int:
        """What could be given if nothing were set aside for anyone."""
        everyone = frozenset(term for share in self.graph.allocations_on(key) for term in share.path)
        if not everyone:
            return 0
        return self.trial.atp(key, on, life_days=life_days, terms=self.terms | everyone, borrow=True)

    def stock_on(self, quantity: int, item: str, site: str, after: Day, life_days: int = 0) -> Day | None:
        """The first day after `after` on which stock and receipts alone give the quantity; None within the horizon."""
        key = node_key(item, site)
        last = self.trial.today(site) + self.rules.horizon_days
        on = after
        while True:
            rise = self.trial.rises_on(key, on, life_days=life_days, terms=self.terms, borrow=self.borrow)
            if rise is None or rise > last:
                return None
            on = rise
            if self.available(item, site, on, life_days) >= quantity:
                return on


def _sooner(a: Day | None, b: Day | None) -> bool:
    """Whether a comes before b; never comes last."""
    return a is not None and (b is None or a < b)
