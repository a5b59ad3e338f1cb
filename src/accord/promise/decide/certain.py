"""What is the answer, as far as it is known?

Where something was counted too long ago it is asked three times: as it was counted, for what can be looked at; as if nothing of it
were there, for what is certain all the same; and, where that does not keep the day, as if there were plenty, for whether a
count could help at all. What no count could help is a no, and a no is known.
"""

from __future__ import annotations

import msgspec

from accord.promise.decide.case import Case
from accord.promise.decide.line import Answer
from accord.promise.decide.options import Draft, ranked
from accord.promise.decide.order import Answers, answers, at_once
from accord.promise.decide.stale import none_of_it, old_asked, old_under, plenty_of_it, stale_of
from accord.promise.decide.verdict import is_denied, verdict_of
from accord.promise.model import LineVerdict, Option, Refusal, Stale, Verdict


class Answered(msgspec.Struct, frozen=True, gc=False):
    """What can be said to a request."""

    options: tuple[Option, ...]  # best first
    lines: tuple[LineVerdict, ...]
    is_open: bool = False  # a new count could make a better answer
    stale: tuple[Stale, ...] = ()  # what would have to be counted


def answered(case: Case) -> Answered:
    """The options of the whole request and the verdict for each line; the trial is left as it was found."""
    first = at_once(case)
    if first is not None and Refusal.feed_too_old not in first[0][0].needs:
        return Answered(*first)
    counted = certain = answers(case)
    if case.rules.count_seconds_max is None:
        return Answered(counted.options, _lines(case, counted, certain, None))
    options = counted.options
    rests_on_old = any(draft.old for draft in _all(counted))
    if rests_on_old:
        with none_of_it(case):
            certain = answers(case)
        options = ranked(case, [*certain.drafts, *counted.drafts])
    hoped: Answers | None = None
    keeps_day = any(option.in_full_on_time and not is_denied(option) for option in options)
    if not keeps_day and (rests_on_old or old_asked(case)):
        with plenty_of_it(case):
            hoped = answers(case)
    is_open = hoped is not None and _is_open(counted, options, hoped)
    lines = _lines(case, counted, certain, hoped)
    keys = {key for draft in counted.drafts for key in draft.old}
    if hoped is not None:
        waiting = hoped.drafts if is_open else []
        for line, (_, of_line) in zip(lines, hoped.lines, strict=True):
            if line.verdict is Verdict.cannot_know:
                waiting = [*waiting, *of_line.drafts]
        keys.update(old_under(case, [plan for draft in waiting for plan in draft.plans]))
    return Answered(options, lines, is_open, stale_of(case, keys))


def _all(found: Answers) -> list[Draft]:
    return [*found.drafts, *(draft for _, of_line in found.lines for draft in of_line.drafts)]


def _is_open(counted: Answers, options: tuple[Option, ...], hoped: Answers) -> bool:
    """Whether a count could make a better answer of options that do not keep the day."""
    for draft in counted.drafts:
        if draft.old and draft.days_late == 0 and all(plan.kind != "substitute" for plan in draft.plans):
            return True  # with a substitute it would say nothing of what was asked for
    could = [option for option in hoped.options if not is_denied(option)]
    if all(is_denied(option) for option in options):
        return bool(could)
    return any(option.in_full_on_time for option in could)


def _lines(case: Case, counted: Answers, certain: Answers, hoped: Answers | None) -> tuple[LineVerdict, ...]:
    verdicts: list[LineVerdict] = []
    for index, (found, of_line) in enumerate(counted.lines):
        sure, of_sure = certain.lines[index]
        options = of_sure.options
        is_open = hoped is not None and _is_open(of_line, options, hoped.lines[index][1])
        verdict = verdict_of(options, is_open=is_open)
        verdicts.append(_verdict(index, verdict, sure if verdict is Verdict.yes else found))
    return tuple(verdicts)


def _verdict(index: int, verdict: Verdict, found: Answer) -> LineVerdict:
    order = list(Refusal)
    return LineVerdict(
        line=index,
        verdict=verdict,
        on=found.on,
        quantity_on_time=found.quantity_on_time,
        refusals=tuple(sorted(set(found.refusals), key=order.index)),
        limit=found.limit,
    )
