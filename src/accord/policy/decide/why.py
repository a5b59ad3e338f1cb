"""Which row decides, and why none before it? Row by row, by the functions that decide."""

from __future__ import annotations

import msgspec

from accord.policy.decide import Act, Free, exceeded, judge_in
from accord.policy.decide.act import speaks
from accord.policy.model import ANY, Right, Rights, Ruling


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one row says to an act."""

    right: Right
    speaks: bool  # role, customer and verb are its own
    silent: str  # why it does not speak; "" = it does
    over: tuple[str, ...]  # the limits that are exceeded, by how much
    decides: bool  # it is the first that speaks of it and covers it


def steps(rights: Rights, role: str, act: Act, free: Free) -> tuple[Ruling, tuple[Step, ...]]:
    """What the rights say to an act in a role, and every row up to the one that decides."""
    ruling, _ = judge_in(rights, role, act, free)
    found = []
    for right in rights.rights:
        spoken = speaks(right, role, act)
        over = tuple(exceeded(right, act)) if spoken else ()
        decides = spoken and not over
        found.append(
            Step(
                right=right,
                speaks=spoken,
                silent="" if spoken else _silent(right, role, act),
                over=over,
                decides=decides,
            )
        )
        if decides:
            break
    return ruling, tuple(found)


def _silent(right: Right, role: str, act: Act) -> str:
    if right.role not in (ANY, role):
        return f"is for a {right.role}"
    if right.tiers and act.tier not in right.tiers:
        return f"is for {' and '.join(tier or 'customers without a tier' for tier in right.tiers)}"
    return f"is about {', '.join(verb.value for verb in right.verbs)}"
