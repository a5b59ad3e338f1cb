"""What does somebody want to do, who is that, and which rows of the table speak of it?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.kit.days import Day
from accord.policy.model import (
    ANY,
    Actor,
    Answer,
    CumulativeLimit,
    Figures,
    Right,
    Rights,
    Verb,
)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to do, for whom, and when."""

    actor: str
    verb: Verb
    figures: Figures
    customer: str = ""
    tier: str = ""
    today: Day  # in the zone of the rights: to which periods of cumulative limits it belongs
    currency: str
    approves: bool = False  # it is another's wish, and this is the second person
    asker: str = ""  # whose wish it is, where it is another's …
    asker_role: str = ""  # … and in which role
    keeps_only: bool = False  # supply is kept while somebody decides: no price is accepted by it

    @property
    def is_end(self) -> bool:
        """Whether it ends a promise: no price is accepted by it, nothing borrowed, no work begun."""
        return self.verb in (Verb.release, Verb.cancel)


def speaks(right: Right | CumulativeLimit, role: str, act: Act) -> bool:
    """Whether a row or a limit is about an act that is done in a role."""
    return (
        right.role in (ANY, role)
        and (not right.tiers or act.tier in right.tiers)
        and (not right.verbs or act.verb in right.verbs)
    )


def actor_of(rights: Rights, id: str) -> Actor:
    """Who this is; whoever is not stated has the role of everybody else."""
    found = _named(rights).get(id)
    if found is not None:
        return found
    return Actor(id=id, roles=(rights.everybody_else,) if rights.everybody_else else ())


def with_accounts(rights: Rights, accounts: Sequence[Actor]) -> Rights:
    """The rights with everybody who signs in: where the file that states them names somebody, the file counts."""
    named = {one.id for one in rights.actors}
    more = tuple(one for one in accounts if one.id not in named)
    return msgspec.structs.replace(rights, actors=rights.actors + more) if more else rights


_KEPT_MAX = 8
_kept: dict[
    int, tuple[Rights, dict[str, Actor]]
] = {}  # by identity: rights are compared by all that they say


def _named(rights: Rights) -> dict[str, Actor]:
    """The actors by id; a decision asks a dozen times, and a company has hundreds."""
    kept = _kept.get(id(rights))
    if kept is None or kept[0] is not rights:
        if len(_kept) >= _KEPT_MAX:
            _kept.clear()
        kept = _kept[id(rights)] = (rights, {actor.id: actor for actor in reversed(rights.actors)})
    return kept[1]


def person_of(rights: Rights, id: str) -> str:
    """The person behind an actor, through whomever it is said to belong to."""
    seen = {id}
    while (behind := actor_of(rights, id).person) and behind not in seen:
        seen.add(behind)
        id = behind
    return id


def leads(rights: Rights, role: str, to: str) -> bool:
    """Whether what a role may not do itself goes, from one to the next, to another: who is asked stands above who asks."""
    steps = [
        (row.role, row.ask)
        for rows in (rights.rights, rights.limits)
        for row in rows
        if row.then is Answer.ask
    ]
    seen, found = {role}, [role]
    for above in found:
        for below, ask in steps:
            if below in (ANY, above) and ask not in seen:
                seen.add(ask)
                found.append(ask)
    return to in seen and to != role
