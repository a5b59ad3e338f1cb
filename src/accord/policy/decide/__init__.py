"""Who may decide this, or who must be asked? Pure: the table of rights, and what is left of cumulative limits.

Each of an actor's roles is judged by itself and the best answer counts. In a role the rows are gone through in order: the
first that speaks of the act and covers it decides. What it allows must also fit into every cumulative limit of the role.
Two things are never one person's to decide: a price below the floor, and what is taken from a lower tier's share. Who has
that right may approve it for others, and must himself ask another who has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from accord.kit.days import Day, date_of
from accord.kit.money import format_money
from accord.ledger.model import limit_key
from accord.policy.model import (
    ANY,
    Actor,
    Amount,
    Answer,
    Counted,
    CumulativeLimit,
    Figures,
    LimitTake,
    Period,
    Right,
    Rights,
    Ruling,
    Subject,
    Verb,
)

Free = Callable[[str, Day], int]  # what is left of a cumulative limit's key on the first day of its period

_RANK = {Answer.allow: 0, Answer.ask: 1, Answer.deny: 2}


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do, for whom, and when."""

    actor: str
    verb: Verb
    figures: Figures
    customer: str = ""
    tier: str = ""
    today: Day  # UTC's: to which periods of cumulative limits it belongs
    currency: str
    approves: bool = False  # it is another's wish, and this is the second person
    keeps_only: bool = False  # supply is kept while somebody decides: no price is accepted by it


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
    """The same for somebody who acts in one role."""
    ruling = _by_rows(rights, role, act)
    if ruling.answer is Answer.ask:
        return _escalated(rights, ruling, act), ()
    if ruling.answer is Answer.deny:
        return ruling, ()
    alone = _needs_another(act)
    if alone and not act.approves:
        return _escalated(
            rights, Ruling(answer=Answer.ask, role=role, by=ruling.by, ask=role, because=alone), act
        ), ()
    return _by_limits(rights, ruling, act, free)


def actor_of(rights: Rights, id: str) -> Actor:
    """Who this is; whoever is not stated has the role of everybody else."""
    for actor in rights.actors:
        if actor.id == id:
            return actor
    return Actor(id=id, roles=(rights.everybody_else,) if rights.everybody_else else ())


def person_of(rights: Rights, id: str) -> str:
    """The person behind an actor."""
    return actor_of(rights, id).person or id


# --- rows ---


def _by_rows(rights: Rights, role: str, act: Act) -> Ruling:
    because: list[str] = []
    for right in rights.rights:
        if not _speaks(right, role, act):
            continue
        over = tuple(exceeded(right, act))
        if not over:
            return Ruling(answer=right.then, role=role, by=right.id, ask=right.ask, because=tuple(because))
        because += [f"{right.id}: {words}" for words in over]
    who = f"a {role}" if role else "somebody without a role"
    because.append(f"no right lets {who} {act.verb.value} this")
    return Ruling(answer=Answer.deny, role=role, because=tuple(because))


def _speaks(right: Right | CumulativeLimit, role: str, act: Act) -> bool:
    return (
        right.role in (ANY, role)
        and (not right.tiers or act.tier in right.tiers)
        and (not right.verbs or act.verb in right.verbs)
    )


def exceeded(right: Right, act: Act) -> Iterator[str]:
    """Each limit of a row that an act exceeds, in words: by how much."""
    figures, currency = act.figures, act.currency
    if right.then is Answer.deny:
        return  # it says no to whatever the rows before it did not cover
    if right.quantity_max is not None and figures.quantity > right.quantity_max:
        yield f"a line of {figures.quantity} is {figures.quantity - right.quantity_max} above {right.quantity_max}"
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
            yield f"no price is known, and the margin must be {_percent(right.margin_bp_min)}"
        elif margin < right.margin_bp_min:
            less = _percent(right.margin_bp_min - margin)
            yield f"a margin of {_percent(margin)} is {less} below {_percent(right.margin_bp_min)}"
    if right.expedite_minor_max is not None and figures.expedite_minor > right.expedite_minor_max:
        yield _above("expediting", figures.expedite_minor, right.expedite_minor_max, currency)
    if right.hold_seconds_max is not None and figures.hold_seconds > right.hold_seconds_max:
        more = _hours(figures.hold_seconds - right.hold_seconds_max)
        yield f"a hold of {_hours(figures.hold_seconds)} is {more} longer than {_hours(right.hold_seconds_max)}"
    if figures.inside_fence and not right.inside_fence:
        yield "work would start inside the fence"
    if figures.borrow and not right.borrow:
        yield "it takes from the share of a lower tier"
    if figures.below_floor and not right.below_floor and not act.keeps_only:
        yield "the price is below the floor"


def _needs_another(act: Act) -> tuple[str, ...]:
    """Why a second person must agree, whoever asks."""
    found = []
    if act.figures.below_floor and not act.keeps_only:
        found.append("a price below the floor needs a second person")
    if act.figures.borrow:
        found.append("taking from the share of a lower tier needs a second person")
    return tuple(found)


def _escalated(rights: Rights, ruling: Ruling, act: Act) -> Ruling:
    """Who must be asked: where the rights of the role that is asked do not cover it, the role that it must ask itself."""
    seen: list[str] = []
    asked, because = ruling.ask, list(ruling.because)
    approves = msgspec.structs.replace(act, approves=True)
    while asked not in seen:
        seen.append(asked)
        theirs = _by_rows(rights, asked, approves)
        if theirs.answer is Answer.allow:
            return msgspec.structs.replace(ruling, ask=asked, because=tuple(because))
        because += theirs.because
        if theirs.answer is Answer.deny:
            break
        asked = theirs.ask
    because.append(f"whoever could be asked ({', '.join(seen)}) may not allow it either")
    return Ruling(answer=Answer.deny, role=ruling.role, by=ruling.by, because=tuple(because))


# --- cumulative limits ---


def _by_limits(rights: Rights, ruling: Ruling, act: Act, free: Free) -> tuple[Ruling, tuple[LimitTake, ...]]:
    takes: list[LimitTake] = []
    worst = ruling
    for limit in rights.limits:
        if not _speaks(limit, ruling.role, act):
            continue
        key, on = key_of(rights, limit, act.actor, act.customer, act.today)
        own = [
            LimitTake(key=key, on=on, quantity=quantity, line=line)
            for line, one in enumerate(act.figures.amounts)
            if (quantity := _counted(limit, one))
        ]
        wanted = sum(take.quantity for take in own)
        if not wanted:
            continue
        left = free(key, on)
        if wanted <= left:
            takes += own
            continue
        words = f"{limit.id}: {_used(limit, wanted, left, act.currency)}"
        if _RANK[limit.then] > _RANK[worst.answer]:
            worst = Ruling(
                answer=limit.then,
                role=ruling.role,
                by=limit.id,
                ask=limit.ask,
                because=(*ruling.because, words),
            )
        else:
            worst = msgspec.structs.replace(worst, because=(*worst.because, words))
    if worst.answer is Answer.allow:
        return worst, tuple(takes)
    if worst.answer is Answer.ask:
        worst = _escalated(rights, worst, act)
    return worst, ()


def limit_keys(rights: Rights, actor: str, customer: str, tier: str, today: Day) -> frozenset[str]:
    """The keys of every cumulative limit that an act of this actor for this customer may draw on."""
    roles = {ANY, *(actor_of(rights, actor).roles or ("",))}
    return frozenset(
        key_of(rights, limit, actor, customer, today)[0]
        for limit in rights.limits
        if limit.role in roles and (not limit.tiers or tier in limit.tiers)
    )


def key_of(rights: Rights, limit: CumulativeLimit, actor: str, customer: str, today: Day) -> tuple[str, Day]:
    """The ledger's key of a limit for a subject and a period, and the first day of the period, on which all of it is drawn."""
    if limit.over is Subject.customer:
        subject = f"customer={customer}"
    elif limit.over is Subject.team and actor_of(rights, actor).team:
        subject = f"team={actor_of(rights, actor).team}"
    else:
        subject = f"actor={actor}"
    name, first = period_of(limit.period, today)
    return limit_key(limit.id, subject, name), first


def period_of(period: Period, day: Day) -> tuple[str, Day]:
    """The name of the period a day is in, and its first day."""
    date = date_of(day)
    if period is Period.day:
        return date.isoformat(), day
    if period is Period.week:
        year, week, weekday = date.isocalendar()
        return f"{year:04}-W{week:02}", day - weekday + 1
    if period is Period.month:
        return f"{date.year:04}-{date.month:02}", date.replace(day=1).toordinal()
    if period is Period.quarter:
        quarter = (date.month - 1) // 3
        return f"{date.year:04}-Q{quarter + 1}", date.replace(month=3 * quarter + 1, day=1).toordinal()
    return f"{date.year:04}", date.replace(month=1, day=1).toordinal()


def _counted(limit: CumulativeLimit, amount: Amount) -> int:
    if limit.item not in (ANY, amount.item):
        return 0
    if limit.of is Counted.value:
        return amount.value_minor
    return amount.quantity if limit.of is Counted.quantity else amount.expedite_minor


def _used(limit: CumulativeLimit, wanted: int, left: int, currency: str) -> str:
    def say(n: int) -> str:
        return str(n) if limit.of is Counted.quantity else format_money(n, currency)

    over = f"this {limit.period.value} and {limit.over.value}"
    return f"{limit.of.value} of {say(wanted)} is {say(wanted - left)} more than is left of {say(limit.most)} for {over}"


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
