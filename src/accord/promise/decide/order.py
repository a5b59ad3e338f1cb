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
from accord.promise.decide.verdict import verdict_of
from accord.promise.model import LineVerdict, Option, Refusal, Verdict


def answered(case: Case) -> tuple[tuple[Option, ...], tuple[LineVerdict, ...]]:
    """The options of the whole request, best first, and the verdict for each line; the trial is left as it was found."""
    lines = case.request.lines
    at_once = _all_from_stock(case)
    if at_once is not None:
        verdicts = tuple(
            LineVerdict(line=n, verdict=Verdict.yes, on=plan.deliver_on, quantity_on_time=lines[n].quantity)
            for n, plan in enumerate(at_once)
        )
        if not case.ship_complete or len({plan.deliver_on for plan in at_once}) == 1:
            return ranked(case, [Draft(case, "full", at_once)]), verdicts
    if len(lines) == 1:
        found = answer(case, 0, lines[0])
        drafts = [Draft(case, plan.kind, [plan]) for plan in found.plans]
        options = ranked(case, drafts)
        return options, (_line_verdict(case, 0, found, options),)
    return _many(case)


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


def _many(case: Case) -> tuple[tuple[Option, ...], tuple[LineVerdict, ...]]:
    trial = case.trial
    mark = trial.mark()
    verdicts: list[LineVerdict] = []
    chosen: list[Plan] = []
    for index, line in enumerate(case.request.lines):
        found = answer(case, index, line)
        options = ranked(case, [Draft(case, plan.kind, [plan]) for plan in found.plans])
        verdicts.append(_line_verdict(case, index, found, options))
        plan = _plan_of(found, options)
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
    return ranked(case, drafts), tuple(verdicts)


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


def _line_verdict(case: Case, index: int, found: Answer, options: tuple[Option, ...]) -> LineVerdict:
    order = list(Refusal)
    return LineVerdict(
        line=index,
        verdict=verdict_of(options),
        on=found.on,
        quantity_on_time=found.quantity_on_time,
        refusals=tuple(sorted(set(found.refusals), key=order.index)),
        limit=found.limit,
    )
