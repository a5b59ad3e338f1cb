"""How much of a cumulative limit does an act take, and is there so much left?

Each limit is a key of the ledger for one subject and period. What is allowed draws on every limit of the role on whose
authority it is done. What another approves draws on the limits of both: on the approver's as if he had done it himself,
on those of whoever asked as far as they go, so that what is approved leaves less to do without asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from accord.kit.days import Day, date_of
from accord.kit.money import format_money
from accord.ledger.model import limit_key
from accord.policy.decide.act import Act, actor_of, person_of, speaks
from accord.policy.model import (
    ANY,
    Amount,
    Counted,
    CumulativeLimit,
    LimitTake,
    Period,
    Rights,
    Subject,
)

Free = Callable[[str, Day], int]  # what is left of a cumulative limit's key on the first day of its period


class Drawn(msgspec.Struct, frozen=True):
    """What an act takes of one limit; or all that is left, where that is not enough."""

    limit: CumulativeLimit
    key: str
    takes: tuple[LimitTake, ...]
    short: int  # how much more it would need
    words: str  # by how much it is exceeded; "" = it is not


def drawn(rights: Rights, role: str, actor: str, act: Act, free: Free) -> Iterator[Drawn]:
    """Each limit that an act counts in, done by an actor in a role, in the file's order."""
    for limit in rights.limits:
        if not speaks(limit, role, act):
            continue
        wanted = [
            (line, quantity)
            for line, one in enumerate(act.figures.amounts)
            if (quantity := _counted(limit, one))
        ]
        whole = sum(quantity for _, quantity in wanted)
        if not whole:
            continue
        key, on = key_of(rights, limit, actor, act.customer, act.today)
        left = free(key, on)
        words = "" if whole <= left else f"{limit.id}: {_used(limit, whole, left, act.currency)}"
        takes = _takes(key, on, wanted, max(0, left))
        yield Drawn(limit=limit, key=key, takes=takes, short=max(0, whole - left), words=words)


def _takes(key: str, on: Day, wanted: Iterable[tuple[int, int]], left: int) -> tuple[LimitTake, ...]:
    """What the lines take in their order, as far as it goes."""
    found = []
    for line, quantity in wanted:
        part = min(quantity, left)
        left -= part
        if part:
            found.append(LimitTake(key=key, on=on, quantity=part, line=line))
    return tuple(found)


def together(takes: tuple[LimitTake, ...], more: tuple[LimitTake, ...]) -> tuple[LimitTake, ...]:
    """What is taken by two verbs that are done at once: of a limit that counts both, once."""
    known = {take.key for take in takes}
    return (*takes, *(take for take in more if take.key not in known))


def limit_keys(
    rights: Rights, actors: Iterable[str], customer: str, tier: str, today: Day, role: str = ""
) -> frozenset[str]:
    """The keys of every cumulative limit that an act of these actors for this customer may look at.

    The customer's of all roles: whom to ask depends on what is left to those who could be asked. `role`: in which
    something was asked for, whatever roles whoever asked has by now.
    """
    return frozenset(
        key_of(rights, limit, actor, customer, today)[0]
        for actor in actors
        for limit in rights.limits
        if (
            limit.over is Subject.customer
            or limit.role in (ANY, role)
            or limit.role in actor_of(rights, actor).roles
        )
        and (not limit.tiers or tier in limit.tiers)
    )


def key_of(rights: Rights, limit: CumulativeLimit, actor: str, customer: str, today: Day) -> tuple[str, Day]:
    """The ledger's key of a limit for a subject and a period, and the first day of the period, on which all of it is drawn."""
    person = person_of(rights, actor)  # who has several keys has one limit
    team = actor_of(rights, actor).team or actor_of(rights, person).team
    if limit.over is Subject.customer:
        subject = f"customer={customer}"
    elif limit.over is Subject.team and team:
        subject = f"team={team}"
    else:
        subject = f"actor={person}"
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
