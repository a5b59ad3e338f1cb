"""Would these rights lock people out, or let in whom they should not? What is likely not meant, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from accord.policy.decide.act import actor_of, person_of, with_accounts
from accord.policy.model import ANY, Actor, Answer, Right, Rights, Verb


def warnings(rights: Rights, tiers: Mapping[str, int], accounts: Sequence[Actor] = ()) -> tuple[str, ...]:
    """What is likely not meant; `tiers` are all that will be in force, `accounts` whoever signs in."""
    everybody = with_accounts(rights, accounts)
    return (
        *_nobody_may(everybody),
        *_may_nothing(rights),  # many who sign in have nothing to promise
        *_nobody_is(everybody),
        *_nobody_agrees(everybody),
        *_no_such_tier(rights, tiers),
    )


def _nobody_may(rights: Rights) -> Iterator[str]:
    roles = _held(rights)
    for verb in Verb:
        if not any(_lets(row, verb) and (row.role in roles or row.role == ANY) for row in rights.rights):
            yield f"Nobody could {verb.value} anything: no right that allows it is of a role that somebody has."


def _lets(row: Right, verb: Verb) -> bool:
    return row.then is Answer.allow and (not row.verbs or verb in row.verbs)


def _may_nothing(rights: Rights) -> Iterator[str]:
    for actor in rights.actors:
        roles = actor.roles or ("",)
        if not any(row.then is not Answer.deny and row.role in (ANY, *roles) for row in rights.rights):
            said = f"as {' and '.join(actor.roles)}" if actor.roles else "without a role"
            yield f"{actor.id} could do nothing: no right is of whoever acts {said}."


def _nobody_is(rights: Rights) -> Iterator[str]:
    roles = _held(rights)
    named = dict.fromkeys(row.role for rows in (rights.rights, rights.limits) for row in rows)
    for role in named:
        if role != ANY and role not in roles:
            yield f"The role {role!r} has rights or limits, but nobody has it."


def _nobody_agrees(rights: Rights) -> Iterator[str]:
    asked = dict.fromkeys(
        row.ask for rows in (rights.rights, rights.limits) for row in rows if row.then is Answer.ask
    )
    for role in asked:
        if role == rights.everybody_else:
            yield (
                f"Whoever is not among the actors could agree as {role}: somebody who is could do it under another name."
            )
            continue
        people = {person_of(rights, actor.id) for actor in rights.actors if role in actor.roles}
        if len(people) == 1:
            (only,) = people
            yield f"Only {only} could agree as {role}: what {only} asks for nobody could approve there."


def _no_such_tier(rights: Rights, tiers: Mapping[str, int]) -> Iterator[str]:
    for rows in (rights.rights, rights.limits):
        for row in rows:
            for tier in row.tiers:
                if tier and tier not in tiers:
                    yield f"{row.id} speaks of tier {tier!r}, which is not stated."


def may_change(rights: Rights | None, actor: str) -> bool:
    """Whether an actor may state an edition of the rules."""
    return rights is None or not rights.change or rights.change in actor_of(rights, actor).roles


def change_is_possible(rights: Rights) -> bool:
    """Whether these rights could be changed again: somebody may, and another may agree where two are needed."""
    if not rights.change:
        return not rights.second  # without somebody who states it nobody can be another one
    theirs = _people(rights, rights.change)
    if not rights.second:
        return bool(theirs)
    others = _people(rights, rights.second)
    return any(one != other for one in theirs for other in others)


def _people(rights: Rights, role: str) -> set[str]:
    return {person_of(rights, actor.id) for actor in rights.actors if role in actor.roles}


def _held(rights: Rights) -> set[str]:
    return {role for actor in rights.actors for role in actor.roles} | (
        {rights.everybody_else} if rights.everybody_else else set()
    )
