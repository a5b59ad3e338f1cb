"""Who may decide this, or who must be asked? Pure: the table of rights, and what is left of cumulative limits.

Each of an actor's roles is judged by itself and the best answer counts. In a role the rows are gone through in order: the
first that speaks of the act and covers it decides. Then every cumulative limit of the role is looked at, whatever the row
said: what a limit denies nobody can be asked for. Two things are never one person's to decide: a price below the floor, and
what is taken from a lower tier's share. Who has that right may approve it for others, and must himself ask another who has it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from accord.kit.money import format_money
from accord.policy.decide.act import Act, actor_of, leads, person_of, speaks, with_accounts
from accord.policy.decide.limits import Drawn, Free, drawn, key_of, limit_keys, period_of, together
from accord.policy.model import Answer, LimitTake, Right, Rights, Ruling, Subject

__all__ = [
    "Act",
    "Free",
    "actor_of",
    "exceeded",
    "judge",
    "judge_in",
    "key_of",
    "limit_keys",
    "period_of",
    "person_of",
    "taken_when_approved",
    "together",
    "with_accounts",
]

_RANK = {Answer.allow: 0, Answer.ask: 1, Answer.deny: 2}


class _Asks(msgspec.Struct, frozen=True):
    """Somebody must be asked: by which row or limit, whom."""

    by: str
    ask: str


def judge(rights: Rights, act: Act, free: Free) -> tuple[Ruling, tuple[LimitTake, ...]]:
    """What the rights say to an act, and what it takes of cumulative limits where they allow it."""
    found: tuple[Ruling, tuple[LimitTake, ...]] | None = None
    for role in actor_of(rights, act.actor).roles or ("",):
        judged = judge_in(rights, role, act, free)
        if found is None or _RANK[judged[0].answer] < _RANK[found[0].answer]:
            found = judged
    assert found is not None  # there is always a role, if only the empty one
    return found


def judge_in(rights: Rights, role: str, act: Act, free: Free) -> tuple[Ruling, tuple[LimitTake, ...]]:
    """The same for somebody who acts in one role, or who approves in it what another asked for."""
    ruling = _by_rows(rights, role, act)
    if ruling.answer is Answer.deny:
        return ruling, ()
    asks = [_Asks(ruling.by, ruling.ask)] if ruling.answer is Answer.ask else []
    because = list(ruling.because)
    alone = () if act.approves else _needs_another(act)
    if alone and not asks:
        asks.append(_Asks(ruling.by, role))
        because += alone
    takes: list[LimitTake] = []
    for one in _drawn(rights, role, act, free):
        takes += one.takes
        if not one.short:
            continue
        because.append(one.words)
        if one.limit.then is Answer.deny:
            return Ruling(answer=Answer.deny, role=role, by=one.limit.id, because=tuple(because)), ()
        asks.append(_Asks(one.limit.id, one.limit.ask))
    if not asks:
        return Ruling(answer=Answer.allow, role=role, by=ruling.by, because=tuple(because)), tuple(takes)
    return _asked(rights, role, asks, because, act, free), ()


def _drawn(rights: Rights, role: str, act: Act, free: Free) -> Iterator[Drawn]:
    """What the act takes of each limit that counts for it, and where one stands in the way.

    Where another approves, the limits of whoever asked count first. The one that is asked may go beyond those that ask him,
    or somebody below him; they give what is left of them.
    """
    theirs: set[str] = set()
    if act.approves:
        for one in drawn(rights, act.asker_role, act.asker, act, free):
            theirs.add(one.key)
            limit = one.limit
            if (
                one.short
                and limit.then is Answer.ask
                and (limit.ask == role or leads(rights, limit.ask, role))
            ):
                one = msgspec.structs.replace(one, short=0)
            yield one
    for one in drawn(rights, role, act.actor, act, free):
        if one.key not in theirs:
            yield one


def taken_when_approved(rights: Rights, ruling: Ruling, act: Act, free: Free) -> tuple[LimitTake, ...]:
    """What an act takes of limits once somebody in the role that is asked lets it happen.

    Who that will be is not known: of his own limits those that add up over the customer are.
    """
    takes: list[LimitTake] = []
    known: set[str] = set()
    for role in (ruling.role, ruling.ask):
        for one in drawn(rights, role, act.actor, act, free):
            is_known = role == ruling.role or one.limit.over is Subject.customer
            if is_known and one.key not in known:
                takes += one.takes
            known.add(one.key)
    return tuple(takes)


# --- rows ---


def _by_rows(rights: Rights, role: str, act: Act) -> Ruling:
    because: list[str] = []
    for right in rights.rights:
        if not speaks(right, role, act):
            continue
        over = tuple(exceeded(right, act))
        if not over:
            return Ruling(answer=right.then, role=role, by=right.id, ask=right.ask, because=tuple(because))
        because += [f"{right.id}: {words}" for words in over]
    who = f"a {role}" if role else "somebody without a role"
    because.append(f"no right lets {who} {act.verb.value} this")
    return Ruling(answer=Answer.deny, role=role, because=tuple(because))


def exceeded(right: Right, act: Act) -> Iterator[str]:
    """Each limit of a row that an act exceeds, in words: by how much."""
    figures, currency = act.figures, act.currency
    if right.then is Answer.deny:
        return  # it says no to whatever the rows before it did not cover
    if right.quantity_max is not None and figures.quantity > right.quantity_max:
        yield f"{figures.quantity} of one item is {figures.quantity - right.quantity_max} above {right.quantity_max}"
    if right.value_minor_max is not None and figures.value_minor > right.value_minor_max:
        yield _above("value", figures.value_minor, right.value_minor_max, currency)
    if right.days_late_max is not None and figures.days_late > right.days_late_max:
        over = figures.days_late - right.days_late_max
        yield f"{_days(figures.days_late)} late is {over} more than {right.days_late_max}"
    if right.days_ahead_max is not None and figures.days_ahead > right.days_ahead_max:
        over = figures.days_ahead - right.days_ahead_max
        yield f"{_days(figures.days_ahead)} ahead is {over} more than {right.days_ahead_max}"
    if right.margin_bp_min is not None and not act.keeps_only:
        margin = figures.margin_bp
        if margin is None:
            why = "no price is known" if figures.price_minor is None else "nothing is paid"
            yield f"{why}, and the margin must be {_percent(right.margin_bp_min)}"
        elif margin < right.margin_bp_min:
            less = _percent(right.margin_bp_min - margin)
            yield f"a margin of {_percent(margin)} is {less} below {_percent(right.margin_bp_min)}"
    if right.expedite_minor_max is not None and figures.expedite_minor > right.expedite_minor_max:
        yield _above("expediting", figures.expedite_minor, right.expedite_minor_max, currency)
    if right.hold_seconds_max is not None and figures.hold_seconds > right.hold_seconds_max:
        more = _hours(figures.hold_seconds - right.hold_seconds_max)
        yield f"a hold of {_hours(figures.hold_seconds)} is {more} longer than {_hours(right.hold_seconds_max)}"
    if act.is_end:
        return
    if figures.inside_fence and not right.inside_fence:
        yield "work would start inside the fence"
    if figures.borrow and not right.borrow:
        yield "it takes from the share of a lower tier"
    if figures.below_floor and not right.below_floor and not act.keeps_only:
        yield "the price is below the floor"


def _needs_another(act: Act) -> tuple[str, ...]:
    """Why a second person must agree, whoever asks."""
    if act.is_end:
        return ()
    found = []
    if act.figures.below_floor and not act.keeps_only:
        found.append("a price below the floor needs a second person")
    if act.figures.borrow:
        found.append("taking from the share of a lower tier needs a second person")
    return tuple(found)


# --- whom to ask ---


def _asked(rights: Rights, role: str, asks: list[_Asks], because: list[str], act: Act, free: Free) -> Ruling:
    """Who must be asked, of several the one to whom the others lead; where the rights of the role that is asked do not cover
    it either, the role that it must ask itself."""
    first = next((one for one in asks if all(_is_or_leads(rights, o.ask, one.ask) for o in asks)), None)
    if first is None:
        names = " and of ".join(dict.fromkeys(one.ask for one in asks))
        because.append(f"it needs the agreement of {names}, and one approval is one person's")
        return Ruling(answer=Answer.deny, role=role, by=asks[-1].by, because=tuple(because))
    seen: list[str] = []
    asked = first.ask
    approves = msgspec.structs.replace(act, approves=True, asker=act.actor, asker_role=role)
    while asked not in seen:
        seen.append(asked)
        theirs = _by_rows(rights, asked, approves)
        if theirs.answer is Answer.allow:
            theirs = _theirs(rights, theirs, approves, free)
        if theirs.answer is Answer.allow:
            return Ruling(answer=Answer.ask, role=role, by=first.by, ask=asked, because=tuple(because))
        because += theirs.because
        if theirs.answer is Answer.deny:
            break
        asked = theirs.ask
    because.append(f"whoever could be asked ({', '.join(seen)}) may not allow it either")
    return Ruling(answer=Answer.deny, role=role, by=first.by, because=tuple(because))


def _theirs(rights: Rights, ruling: Ruling, act: Act, free: Free) -> Ruling:
    """What is left to the role that is asked, of limits that add up over the customer: who will approve is not known yet."""
    for one in drawn(rights, ruling.role, act.actor, act, free):
        limit = one.limit
        if not one.short or limit.over is not Subject.customer or limit.role != ruling.role:
            continue
        return Ruling(answer=limit.then, role=ruling.role, by=limit.id, ask=limit.ask, because=(one.words,))
    return ruling


def _is_or_leads(rights: Rights, role: str, to: str) -> bool:
    return role == to or leads(rights, role, to)


# --- words ---


def _above(what: str, minor: int, most: int, currency: str) -> str:
    return f"{what} of {format_money(minor, currency)} is {format_money(minor - most, currency)} above {format_money(most, currency)}"


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"


def _percent(bp: int) -> str:
    sign, whole = "-" if bp < 0 else "", abs(bp)
    return f"{sign}{whole // 100}.{whole % 100:02} %"


def _hours(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if seconds % 60:
        return f"{seconds} s"
    return f"{hours} h" if not minutes else f"{hours} h {minutes} min" if hours else f"{minutes} min"
