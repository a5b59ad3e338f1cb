"""Do the rights say what the test cases beside them expect?"""

from __future__ import annotations

import msgspec

from accord.kit.days import Day
from accord.ledger.model import limit_of
from accord.policy.decide import Act, Free, judge, judge_in
from accord.policy.model import Answer, Case, Rights, Ruling


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of one test case."""

    case: Case
    ruling: Ruling
    passed: bool
    words: str  # what was expected and what came, where they differ


def outcomes(rights: Rights, cases: tuple[Case, ...], *, today: Day, currency: str) -> tuple[Outcome, ...]:
    """Each case, in their order."""
    return tuple(_outcome(rights, case, today, currency) for case in cases)


def _outcome(rights: Rights, case: Case, today: Day, currency: str) -> Outcome:
    act = Act(
        actor=case.actor,
        verb=case.verb,
        figures=case.figures,
        customer=case.customer,
        tier=case.tier,
        today=today,
        currency=currency,
    )
    free = _free(rights, case)
    if case.role and not case.actor:
        ruling, _ = judge_in(rights, case.role, act, free)
    else:
        ruling, _ = judge(rights, act, free)
    expected = (case.expect, case.ask)
    passed = expected == (ruling.answer, ruling.ask) and case.by in ("", ruling.by)
    words = ""
    if not passed:
        by = f" by {case.by}" if case.by else ""
        words = f"expected {_said(*expected)}{by}, came {_said(ruling.answer, ruling.ask)} by {ruling.by or 'no right'}"
    return Outcome(case=case, ruling=ruling, passed=passed, words=words)


def _free(rights: Rights, case: Case) -> Free:
    most, used = {limit.id: limit.most for limit in rights.limits}, dict(case.used)
    return lambda key, _on: max(0, most[limit_of(key)] - used.get(limit_of(key), 0))


def _said(answer: Answer, ask: str) -> str:
    return f"ask {ask}" if answer is Answer.ask else answer.value
