"""What would other rights have said to what was promised? Judged again in the order in which it was done.

Cumulative limits are counted as they would have been: by what the rights would have allowed, given back when a hold ends
or a promise is cancelled. What would have gone to approval is taken to have been approved, and to count as that does.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.kit.days import Day, Instant, local_day
from accord.ledger.model import limit_of
from accord.policy.decide import Act, judge, taken_when_approved, together
from accord.policy.model import Answer, Figures, LimitTake, Rights, Ruling
from accord.policy.model import Verb as Right
from accord.promise.model import Verb

_RANK = {Answer.allow: 0, Answer.ask: 1, Answer.deny: 2}
_ENDS = (Verb.release, Verb.cancel)


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done."""

    at: Instant
    promise: str
    decision: str  # "" = it was promised elsewhere, before Accord
    ref: str
    actor: str
    customer: str
    tier: str
    verb: Verb  # hold, commit, amend, release or cancel
    is_hold: bool  # it left a hold
    figures: Figures
    expires_at: Instant | None  # of the hold it left
    was: Answer  # ask = somebody else approved it


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What the other rights would have said to it."""

    past: Past
    ruling: Ruling


def tried(rights: Rights, done: Sequence[Past], currency: str) -> list[Tried]:
    """Each in its turn; `done` in the order in which it was done."""
    book = _Book(rights)
    found = []
    for one in done:
        book.expire(one.at)
        book.give_back(one.promise)  # what it changes does not compete with itself
        ruling, takes = _judged(rights, one, currency, book)
        if ruling.answer is not Answer.deny and one.verb not in _ENDS:
            book.take(one, takes)
        found.append(Tried(past=one, ruling=ruling))
    return found


def _judged(rights: Rights, one: Past, currency: str, book: _Book) -> tuple[Ruling, tuple[LimitTake, ...]]:
    verbs = [Right(one.verb.value)]
    if one.verb is Verb.amend:
        verbs.append(Right.hold if one.is_hold else Right.commit)
    worst: Ruling | None = None
    takes: tuple[LimitTake, ...] = ()
    for verb in verbs:
        act = Act(
            actor=one.actor,
            verb=verb,
            figures=one.figures,
            customer=one.customer,
            tier=one.tier,
            today=local_day(one.at, rights.zone),
            currency=currency,
        )
        ruling, taken = judge(rights, act, book.free)
        if ruling.answer is Answer.ask:
            taken = taken_when_approved(rights, ruling, act, book.free)
        takes = together(takes, taken)
        if worst is None or _RANK[ruling.answer] >= _RANK[worst.answer]:
            worst = ruling
    assert worst is not None  # there is always a verb
    return worst, takes


class _Book:
    """What is used of each cumulative limit."""

    def __init__(self, rights: Rights) -> None:
        self._most = {limit.id: limit.most for limit in rights.limits}
        self._used: dict[str, int] = {}
        self._kept: dict[str, tuple[Instant | None, tuple[LimitTake, ...]]] = {}

    def free(self, key: str, on: Day) -> int:
        del on  # a key is one period
        return max(0, self._most[limit_of(key)] - self._used.get(key, 0))

    def take(self, one: Past, takes: tuple[LimitTake, ...]) -> None:
        self._kept[one.promise] = (one.expires_at, takes)
        for take in takes:
            self._used[take.key] = self._used.get(take.key, 0) + take.quantity

    def give_back(self, promise: str) -> None:
        _, takes = self._kept.pop(promise, (None, ()))
        for take in takes:
            self._used[take.key] -= take.quantity

    def expire(self, now: Instant) -> None:
        for promise in [id for id, (at, _) in self._kept.items() if at is not None and at <= now]:
            self.give_back(promise)
