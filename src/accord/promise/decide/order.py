"""How is an order of several lines answered? One trial, lines in order; each by itself, or all on one day."""

from __future__ import annotations

import msgspec

from accord.kit.days import Day
from accord.promise.decide.case import Case, Wish
from accord.promise.decide.ctp import Ctp
from accord.promise.decide.line import Answer, answer, from_stock
from accord.promise.decide.options import Draft, ranked
from accord.promise.decide.plan import Part, Plan, cover, leaves_shares
from accord.promise.decide.reply import Short
from accord.promise.model import LineVerdict, Option, Verdict


class Answers:
    """The ways to answer a request, and each of its lines on what the earlier ones left."""

    __slots__ = ("drafts", "lines", "options")

    def __init__(
        self, drafts: list[Draft], options: tuple[Option, ...], lines: list[tuple[Answer, Answers]]
    ) -> None:
        self.drafts = drafts
        self.options = options  # the drafts, best first
        self.lines = lines  # what was found, and the ways to answer it; of a line itself there are none


def at_once(case: Case) -> tuple[tuple[Option, ...], tuple[LineVerdict, ...]] | None:
    """Every line from stock and receipts of its first site on its day, and the verdict for each; None where that is not so."""
    plans = _all_from_stock(case)
    if plans is None or (case.ship_complete and len({plan.deliver_on for plan in plans}) > 1):
        return None
    lines = case.request.lines
    verdicts = tuple(
        LineVerdict(line=n, verdict=Verdict.yes, on=plan.deliver_on, quantity_on_time=lines[n].quantity)
        for n, plan in enumerate(plans)
    )
    return ranked(case, [Draft(case, "full", plans)]), verdicts


def answers(case: Case) -> Answers:
    """The ways to answer the whole request; the trial is left as it was found."""
    if len(case.request.lines) > 1:
        return _many(case)
    found = answer(case, 0, case.request.lines[0])
    of_line = _of_line(case, found)
    return Answers(of_line.drafts, of_line.options, [(found, of_line)])


def _all_from_stock(case: Case) -> list[Plan] | None:
    """Every line on its day from stock and receipts of its first site; looks at nothing else."""
    trial = case.trial
    mark = trial.mark()
    ctp = case.look()
    plans: list[Plan] = []
    lines = case.request.lines
    for index, line in enumerate(lines):
        wish = Wish(case, ctp, index, line)
        part = from_stock(case, ctp, wish, keeps=index + 1 < len(lines))
        if part is None:
            trial.undo(mark)
            return None
        plans.append(Plan("full", wish, [part]))
    trial.undo(mark)
    return plans if leaves_shares(case, plans) else None


def _of_line(case: Case, found: Answer) -> Answers:
    drafts = [Draft(case, plan.kind, [plan]) for plan in found.plans]
    return Answers(drafts, ranked(case, drafts), [])


def _many(case: Case) -> Answers:
    trial = case.trial
    mark = trial.mark()
    lines: list[tuple[Answer, Answers]] = []
    chosen: list[Plan] = []
    for index, line in enumerate(case.request.lines):
        found = answer(case, index, line)
        of_line = _of_line(case, found)
        lines.append((found, of_line))
        plan = _plan_of(found, of_line.options)
        if plan is not None:
            plan.apply(trial)
            chosen.append(plan)
    trial.undo(mark)
    drafts: list[Draft] = []
    if not case.ship_complete and len(chosen) == len(case.request.lines):
        drafts.append(Draft(case, "by_line", chosen))
    days = {piece.deliver_on for plan in chosen for piece in plan.pieces}
    if case.ship_complete or (len(chosen) == len(case.request.lines) and len(days) > 1):
        plans = together(case)
        if plans is not None:
            drafts.append(Draft(case, "ship_complete", plans))
    return Answers(drafts, ranked(case, drafts), lines)


def _plan_of(found: Answer, options: tuple[Option, ...]) -> Plan | None:
    """The plan behind a line's best option."""
    if not options:
        return None
    best = options[0]
    return next(plan for plan in found.plans if plan.kind == best.kind and plan.pieces == best.pieces)


def together(case: Case) -> list[Plan] | None:
    """The first day on which all lines can be delivered together, each in full from one site; the trial is left as it was.

    Counted upward from the latest requested day (less what the customer takes early), never before the first one.
    Not the latest of the lines' own days: together they may draw on the same things.
    """
    trial = case.trial
    ctp = case.look()
    wishes = [Wish(case, ctp, index, line) for index, line in enumerate(case.request.lines)]
    if not all(wish.legs for wish in wishes):
        return None
    ctp.prepare(tuple(node for wish in wishes for node in wish.nodes))
    requested = [wish.requested_on for wish in wishes]
    start = max(min(requested), max(requested) - case.early_days_max)
    for wish in wishes:
        first = _first_possible(case, ctp, wish)
        if first is None:
            return None
        start = max(start, first)
    day: Day | None = start
    last = min(case.today(wish) for wish in wishes) + case.rules.horizon_days
    if case.late_days_max is not None:
        last = min(last, min(requested) + case.late_days_max)
    while day is not None and day <= last:
        mark = trial.mark()
        plans: list[Plan] = []
        # Where all of it together would take from others' shares, the next day on which any of it can be there.
        again = min(
            (n for w in wishes for way in w.ways if (n := way.next_target(day)) is not None), default=None
        )
        for wish in wishes:
            plan, retry_on = _on_day(case, ctp, wish, day)
            if plan is None:
                again = retry_on
                break
            plans.append(plan)
        trial.undo(mark)
        if len(plans) == len(wishes) and leaves_shares(case, plans):
            return plans
        day = again
    return None


def _first_possible(case: Case, ctp: Ctp, wish: Wish) -> Day | None:
    """No earlier day can have the line in full on any way; None = none within the horizon."""
    days: list[Day] = []
    for way in wish.ways:
        ship_on = ctp.possible_on(wish.line.quantity, wish.item, way.site, case.life_days)
        target = None if ship_on is None else way.target_of(ship_on)
        if target is not None:
            days.append(target)
    return min(days, default=None)


def _on_day(case: Case, ctp: Ctp, wish: Wish, day: Day) -> tuple[Plan | None, Day | None]:
    """The line in full on exactly this delivery day, from the first site that can; else the first day worth trying."""
    retry_on: Day | None = None
    for way in wish.ways:
        following: Day | None = None
        if way.target(day) != day:
            following = way.next_target(day)
        else:
            part = cover(ctp, wish, way, wish.line.quantity, day, case.life_days)
            if isinstance(part, Part):
                part.piece = msgspec.structs.replace(
                    part.piece, deliver_on=day
                )  # what comes sooner waits for the rest
                return Plan("full", wish, [part]), None
            if isinstance(part, Short):
                # Another line may have taken what this one lacked, so no more than the next day is ruled out.
                following = way.next_target(day)
            else:
                following = way.target_of(way.first_ship_on)
        if following is not None:
            following = max(following, day + 1)
            retry_on = following if retry_on is None else min(retry_on, following)
    return None, retry_on
