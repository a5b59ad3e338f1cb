"""In which ways can one line be kept, and if not on the day, what limits it?"""

from __future__ import annotations

from accord.kit.days import Day
from accord.ledger.model import node_key
from accord.promise.decide.case import Case, Wish
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.plan import Part, Plan, cover, most, soonest
from accord.promise.decide.reply import Short
from accord.promise.decide.way import Way
from accord.promise.model import Limit, Line, Refusal

_TIME = (Refusal.lead_time_too_long, Refusal.inside_fence, Refusal.capacity_full)


class Answer:
    """What was found for one line, on the trial as earlier lines left it."""

    __slots__ = ("limit", "on", "plans", "quantity_on_time", "refusals")

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.on: Day | None = None  # earliest day in full, from one site, without conditions
        self.quantity_on_time = 0
        self.refusals: list[Refusal] = []
        self.limit: Limit | None = None


def from_stock(case: Case, ctp: Ctp, wish: Wish, *, keeps: bool) -> Part | None:
    """The whole line on its day from stock and receipts of the site that comes first.

    `keeps`: the trial holds its draws after a yes.
    """
    if not wish.legs:
        return None
    way, quantity = wish.first, wish.line.quantity
    target = way.target(wish.requested_on)
    if target is None or target > wish.requested_on:
        return None
    ship_on = way.ship_on(target)
    if ship_on is None:
        return None
    reply = ctp.from_stock(quantity, wish.item, way.site, ship_on, case.life_days, keeps=keeps)
    return None if reply is None else Part(wish, way, quantity, ship_on, target, reply)


def answer(case: Case, index: int, line: Line) -> Answer:
    """Every way worth offering for a line; the trial is left as it was found."""
    found = Answer()
    quantity = line.quantity
    ctp = case.look()
    wish = Wish(case, ctp, index, line)
    if not wish.legs:
        found.refusals.append(Refusal.no_way_to_the_customer)
        return found
    part = from_stock(case, ctp, wish, keeps=False)
    if part is not None:
        found.plans.append(Plan("full", wish, [part]))
        found.on, found.quantity_on_time = part.piece.deliver_on, quantity
        return found
    ctp.prepare(wish.nodes)
    _Attempts(case, wish, ctp, found).run()
    return found


class _Attempts:
    """The options of one line, each tried on the trial as it was found."""

    def __init__(self, case: Case, wish: Wish, ctp: Ctp, found: Answer) -> None:
        self.case = case
        self.wish = wish
        self.ctp = ctp
        self.found = found
        self.quantity = wish.line.quantity
        self.life = case.life_days
        self.last = case.today(wish) + case.rules.horizon_days

    def run(self) -> None:
        """Try what keeps the day; only when nothing does so freely, what keeps it at a price, and what comes later."""
        found = self.found
        self._whole_on_time()
        if found.plans:
            found.on = found.plans[0].deliver_on
            found.quantity_on_time = self.quantity
            return
        found.limit = self._limit(self.wish.requested_on)
        shares = self._shares(self.wish.requested_on)
        found.quantity_on_time = max(shares, default=0)
        if self.case.may_split and sum(shares) > found.quantity_on_time:
            self._split_by_site()
        self._substituted()
        self._expedited()
        self._borrowed()
        self._inside_fence()
        self._later()
        if self.case.may_split:
            self._split_by_day(shares if any(shares) else self._shares())
        self._refuse()

    # --- on the requested day ---

    def _whole_on_time(self) -> None:
        """The whole line from one site: from the first, and from the first other that has it."""
        has_other = False
        for place, way in enumerate(self.wish.ways):
            if has_other and place:
                break
            part = self._try(self.ctp, self.wish, way)
            if part is not None:
                self._offer(_kind(part) if place == 0 else "other_site", self.wish, [part])
                has_other = place > 0

    def _try(self, ctp: Ctp, wish: Wish, way: Way) -> Part | None:
        target = way.target(wish.requested_on)
        if target is None or target > wish.requested_on:
            return None
        mark = ctp.trial.mark()
        part = cover(ctp, wish, way, self.quantity, target, self.life)
        ctp.trial.undo(mark)
        return part if isinstance(part, Part) else None

    def _shares(self, last: Day | None = None) -> list[int]:
        """How much of the line each way can bring on the day it aims at, by itself; nothing when that is after `last`."""
        shares = []
        for way in self.wish.ways:
            target = way.target(self.wish.requested_on)
            if target is None or (last is not None and target > last):
                shares.append(0)
            else:
                shares.append(most(self.ctp, self.wish, way, self.quantity, target, self.life))
        return shares

    def _split_by_site(self) -> None:
        """As much as all ways bring together by the wanted day; offered when it is the whole line."""
        trial, left, parts = self.case.trial, self.quantity, list[Part]()
        mark = trial.mark()
        for way in self.wish.ways:
            target = way.target(self.wish.requested_on)
            if left == 0 or target is None or target > self.wish.requested_on:
                continue
            # Sites may draw on the same components, so what one can bring is asked again after the one before it.
            share = most(self.ctp, self.wish, way, left, target, self.life)
            part = cover(self.ctp, self.wish, way, share, target, self.life) if share else None
            if isinstance(part, Part):
                parts.append(part)
                left -= share
        trial.undo(mark)
        self.found.quantity_on_time = max(self.found.quantity_on_time, self.quantity - left)
        if left == 0 and len(parts) > 1:
            self._offer("split_site", self.wish, parts)

    def _substituted(self) -> None:
        if not self.case.may_substitute:
            return
        for other in self.case.graph.substitutes_for(self.wish.item):
            ctp = self.case.look()
            wish = Wish(self.case, ctp, self.wish.index, self.wish.line, item=other.other)
            if wish.record.scale != self.wish.record.scale:
                continue  # one for one says nothing across different base units
            ctp.prepare(wish.nodes)
            for way in wish.ways:
                part = self._try(ctp, wish, way)
                if part is not None:
                    self._offer("substitute", wish, [part])
                    return

    def _expedited(self) -> None:
        ctp = self.case.look(expedite=True)
        wish = Wish(self.case, ctp, self.wish.index, self.wish.line, expedite=True)
        ctp.prepare(wish.nodes)
        for way in wish.ways:
            part = self._try(ctp, wish, way)
            if part is not None:
                self._offer("expedite", wish, [part])
                return

    def _borrowed(self) -> None:
        if not any(self.case.graph.allocations_on(node_key(item, site)) for item, site in self.wish.nodes):
            return
        ctp = self.case.look(borrow=True)
        ctp.prepare(self.wish.nodes)
        for way in self.wish.ways:
            part = self._try(ctp, self.wish, way)
            if part is not None:
                self._offer("borrow", self.wish, [part], (Refusal.approval_needed,))
                return

    def _inside_fence(self) -> None:
        """New work sooner than the plan may be changed: only where somebody has the right to it."""
        rights = self.case.book.rights
        if rights is None or not any(right.inside_fence for right in rights.rights):
            return
        ctp = self.case.look(inside_fence=True)
        ctp.prepare(self.wish.nodes)
        for way in self.wish.ways:
            part = self._try(ctp, self.wish, way)
            if part is not None:
                self._offer("inside_fence", self.wish, [part], (Refusal.approval_needed,))
                return

    # --- later ---

    def _earliest(self, quantity: int) -> tuple[Part, Day] | None:
        """The earliest delivery of a quantity in full over all ways; the trial is left as it was."""
        best: tuple[Part, Day] | None = None
        trial = self.case.trial
        for way in self.wish.ways:
            mark = trial.mark()
            last = self.last if best is None else best[1] - 1
            found = soonest(
                self.ctp, self.wish, way, quantity, way.target(self.wish.requested_on), last, self.life
            )
            trial.undo(mark)
            if found is not None:
                best = found
        return best

    def _later(self) -> None:
        found = self._earliest(self.quantity)
        if found is None:
            # With all the time there is it cannot be had: what limits is then not the time.
            if self.found.limit is None or self.found.limit.why in _TIME:
                self.found.limit = self._limit(self.last)
            return
        part, _ = found
        self.found.on = part.piece.deliver_on
        if not part.reply.makes:
            self.found.limit = self._stock_limit() or self.found.limit
        self._offer("later", self.wish, [part])

    def _split_by_day(self, shares: list[int]) -> None:
        share = max(shares, default=0)
        if not 0 < share < self.quantity or any(plan.kind == "split_site" for plan in self.found.plans):
            return
        way = self.wish.ways[shares.index(share)]
        target = way.target(self.wish.requested_on)
        assert target is not None  # nothing is on time on a way without a day
        trial = self.case.trial
        mark = trial.mark()
        part = cover(self.ctp, self.wish, way, share, target, self.life)
        assert isinstance(part, Part)  # so much of it was brought there a moment ago
        rest = self._earliest(self.quantity - share)
        if rest is not None:
            kind = "split" if max(target, rest[1]) > self.wish.requested_on else "split_site"
            self._offer(kind, self.wish, [part, rest[0]])
        trial.undo(mark)

    # --- around them ---

    def _offer(self, kind: str, wish: Wish, parts: list[Part], needs: tuple[Refusal, ...] = ()) -> None:
        plan = Plan(kind, wish, parts, needs)
        late_max = self.case.late_days_max
        if late_max is not None and plan.days_late > late_max:
            self.found.refusals.append(Refusal.later_than_accepted)
            return
        self.found.plans.append(plan)

    def _limit(self, wanted: Day) -> Limit:
        """Why the first way does not keep this day in full."""
        way = self.wish.ways[0]
        target = way.target(wanted)
        part: Part | Short | None = None
        if target is not None:
            mark = self.case.trial.mark()
            part = cover(self.ctp, self.wish, way, self.quantity, target, self.life, explains=True)
            self.case.trial.undo(mark)
        if isinstance(part, Short):
            return part.limit
        return Limit(
            why=Refusal.lead_time_too_long,
            key=node_key(self.wish.item, way.site),
            on=wanted,
            short=self.quantity,
            until=target if isinstance(part, Part) else way.target_of(way.first_ship_on),
        )

    def _stock_limit(self) -> Limit | None:
        """When the answer is to wait for stock, the receipt it waits for."""
        way = self.wish.ways[0]
        target = way.target(self.wish.requested_on)
        ship_on = way.ship_on(target) if target is not None else None
        if ship_on is None:
            return None
        short = self.quantity - self.ctp.available(self.wish.item, way.site, ship_on, self.life)
        if short <= 0:
            return None
        return self.ctp.stock_short(
            short, self.wish.item, way.site, ship_on, self.life, has_source=True
        ).limit

    def _refuse(self) -> None:
        found = self.found
        assert found.limit is not None  # it was asked for before anything that comes later
        found.refusals.append(found.limit.why)
        if not self.case.may_split and 0 < found.quantity_on_time < self.quantity:
            found.refusals.append(Refusal.split_not_accepted)
        if found.plans and not any(plan.days_late == 0 for plan in found.plans):
            found.refusals.append(Refusal.not_by_then)


def _kind(part: Part) -> str:
    """What a whole delivery from the first site is called: by what brings what stock lacks."""
    makes = part.reply.makes
    return makes[-1].source.partition(":")[0] if makes else "full"
