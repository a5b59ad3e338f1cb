"""What happens where somebody else must agree and is asked? The supply is kept meanwhile where rights let it be held."""

from __future__ import annotations

import msgspec

from accord.kit.days import Instant
from accord.kit.derived_ids import derive
from accord.policy.model import Answer
from accord.promise.decide.case import Case
from accord.promise.decide.rights import judged
from accord.promise.decide.sentence import held_until
from accord.promise.model import Decision, Promise, Verb, Verdict

_A_SECOND = 1_000_000


def asking(case: Case, decision: Decision, place: int | None, *, promise_id: str) -> Decision:
    """The decision on something new with approval asked for the option at this place; None = nobody could approve any."""
    if place is None:
        return decision
    option, request = decision.options[place], case.request
    figures, ruling = option.figures, option.ruling
    assert figures is not None  # an option that somebody may approve was judged
    assert ruling is not None
    until = case.now + case.rules.approval_seconds * _A_SECOND
    named = msgspec.structs.replace(request, option=option.id)
    asked = msgspec.structs.replace(
        decision,
        verdict=Verdict.needs_approval,
        refusals=option.needs,
        ruling=ruling,
        figures=figures,
        approval=derive("apr", decision.id, 0),
        act=named,
    )
    why = _not_kept(case)
    if not why:
        seconds = case.rules.approval_seconds
        held = msgspec.structs.replace(figures, hold_seconds=seconds)
        keeps, takes = judged(case, held, keeps_only=True)
        if keeps is not None and keeps.answer is Answer.allow:
            return msgspec.structs.replace(
                asked,
                sentence=_sentence(decision, ruling.ask, until, "It is kept until then."),
                chosen=place,
                promise=promise_id,
                expires_at=until,
                limits=takes,
            )
        why = "It is not kept meanwhile: no right of the one who asks lets it be held."
    return msgspec.structs.replace(asked, sentence=_sentence(decision, ruling.ask, until, why))


def asking_about(case: Case, refusal: Decision, before: Promise) -> Decision:
    """The refusal of a change of a promise, with approval asked for it; the promise stands meanwhile as it is."""
    ruling = refusal.ruling
    if ruling is None or ruling.answer is not Answer.ask:
        return refusal
    until = approved_until(case, before)
    return msgspec.structs.replace(
        refusal,
        verdict=Verdict.needs_approval,
        sentence=_sentence(
            refusal, ruling.ask, until, f"{before.ref or before.id} stands as it is until then."
        ),
        approval=derive("apr", refusal.id, 0),
        act=case.request,
    )


def approved_until(case: Case, before: Promise | None) -> Instant:
    """When an approval that is asked now can no longer be given: in time of the policy, and never after a hold it is about."""
    until = case.now + case.rules.approval_seconds * _A_SECOND
    if before is not None and before.expires_at is not None:
        return min(until, before.expires_at)
    return until


def _not_kept(case: Case) -> str:
    """Why nothing is held for it whatever the rights say; "" = it may be."""
    request, rules = case.request, case.rules
    if request.verb not in (Verb.hold, Verb.commit) or request.promise is not None:
        return "What was promised before stands as it is until then."
    if rules.approval_seconds > rules.hold_seconds_max:
        return "It is not kept meanwhile: the policy's holds are shorter."
    most = rules.hold_quantity_max
    if most is not None and any(line.quantity > most for line in request.lines):
        return "It is not kept meanwhile: it is more than may be held."
    return ""


def _sentence(decision: Decision, role: str, until: Instant, kept: str) -> str:
    return f"{decision.sentence} Asked: {role}, until {held_until(until)}. {kept}"
