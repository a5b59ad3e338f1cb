"""How are the rights said to people?"""

from __future__ import annotations

from accord.kit.money import format_money
from accord.policy.model import Answer, Counted, CumulativeLimit, Right, Rights


def rights(found: Rights, currency: str) -> list[list[str]]:
    """Rows of: right, role, tiers, verbs, limits, then."""
    return [
        [
            one.id,
            one.role,
            " ".join(one.tiers) or "any",
            " ".join(verb.value for verb in one.verbs) or "any",
            _limits(one, currency),
            _then(one.then, one.ask),
        ]
        for one in found.rights
    ]


def limits(found: Rights, currency: str) -> list[list[str]]:
    """Rows of: limit, role, tiers, at most, above."""
    return [
        [one.id, one.role, " ".join(one.tiers) or "any", _most(one, currency), _then(one.then, one.ask)]
        for one in found.limits
    ]


def actors(found: Rights) -> list[list[str]]:
    """Rows of: actor, roles, team, the person behind it."""
    rows = [[one.id, ", ".join(one.roles), one.team, one.person] for one in found.actors]
    return rows + ([["everybody else", found.everybody_else, "", ""]] if found.everybody_else else [])


def _limits(right: Right, currency: str) -> str:
    said = []
    if right.quantity_max is not None:
        said.append(f"up to {right.quantity_max} of an item")
    if right.value_minor_max is not None:
        said.append(f"up to {format_money(right.value_minor_max, currency)}")
    if right.days_late_max is not None:
        said.append(f"at most {right.days_late_max} days late")
    if right.days_ahead_max is not None:
        said.append(f"at most {right.days_ahead_max} days ahead")
    if right.margin_bp_min is not None:
        said.append(f"margin {right.margin_bp_min // 100}.{right.margin_bp_min % 100:02} % or more")
    if right.expedite_minor_max is not None:
        said.append(f"expediting up to {format_money(right.expedite_minor_max, currency)}")
    if right.hold_seconds_max is not None:
        said.append(f"holds up to {right.hold_seconds_max // 3600} h")
    also = [
        words
        for covers, words in (
            (right.inside_fence, "inside the fence"),
            (right.borrow, "borrowed"),
            (right.below_floor, "below the floor"),
        )
        if covers
    ]
    if also:
        said.append("also " + ", ".join(also))
    return ", ".join(said)


def _most(limit: CumulativeLimit, currency: str) -> str:
    most = str(limit.most) if limit.of is Counted.quantity else format_money(limit.most, currency)
    item = "" if limit.item == "*" else f" of {limit.item}"
    return f"{limit.of.value} {most}{item} a {limit.period.value} and {limit.over.value}"


def _then(answer: Answer, ask: str) -> str:
    return f"ask {ask}" if answer is Answer.ask else answer.value
