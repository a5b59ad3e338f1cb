"""How are the rights said to people?"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from accord.kit.money import format_money
from accord.policy.model import Answer, Counted, CumulativeLimit, Figures, Right, Rights, Rules


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
    said = limits_of(right, lambda minor: format_money(minor, currency))
    covers = also(right)
    return ", ".join([*said, *([f"also {', '.join(covers)}"] if covers else [])])


def limits_of(right: Right, money: Callable[[int], str]) -> list[str]:
    """Up to what a right covers an act, each limit in words with its unit."""
    said = []
    if right.quantity_max is not None:
        said.append(f"up to {right.quantity_max} of an item")
    if right.value_minor_max is not None:
        said.append(f"up to {money(right.value_minor_max)}")
    if right.days_late_max is not None:
        said.append(f"at most {right.days_late_max} days late")
    if right.days_ahead_max is not None:
        said.append(f"at most {right.days_ahead_max} days ahead")
    if right.margin_bp_min is not None:
        said.append(f"margin {percent(right.margin_bp_min)} or more")
    if right.expedite_minor_max is not None:
        said.append(f"expediting up to {money(right.expedite_minor_max)}")
    if right.hold_seconds_max is not None:
        said.append(f"holds up to {span(right.hold_seconds_max)}")
    return said


def also(right: Right) -> list[str]:
    """What a right covers beside, that one without these words does not."""
    return [words for covers, words in flags(right) if covers]


def flags(of: Right | Figures) -> tuple[tuple[bool, str], ...]:
    """The three things that need a word of their own, and whether they are meant."""
    return (
        (of.inside_fence, "inside the fence"),
        (of.borrow, "borrowed"),
        (of.below_floor, "below the floor"),
    )


def tiers(named: tuple[str, ...]) -> str:
    """For whom a row is."""
    return ", ".join(f"tier {tier}" if tier else "no tier" for tier in named) or "any customer"


def percent(bp: int) -> str:
    """Hundredths of a percent: "14 %", "12.50 %"."""
    whole, rest = divmod(abs(bp), 100)
    return f"{'−' if bp < 0 else ''}{whole}{f'.{rest:02}' if rest else ''} %"


def span(seconds: int) -> str:
    """A length of time: "48 h", "7 days", "90 min"."""
    if seconds % 86_400 == 0 and seconds >= 3 * 86_400:
        return f"{seconds // 86_400} days"
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


# What the fields of a row are called, where their name does not say it.
FIELDS = {
    "then": "what happens",
    "ask": "who is asked",
    "tiers": "customers",
    "verbs": "to do what",
    "quantity_max": "quantity up to",
    "value_minor_max": "value up to",
    "days_late_max": "days late",
    "days_ahead_max": "days ahead",
    "margin_bp_min": "margin at least",
    "expedite_minor_max": "expediting up to",
    "hold_seconds_max": "holds up to",
    "inside_fence": "also inside the fence",
    "borrow": "also borrowed",
    "below_floor": "also below the floor",
    "of": "counts",
    "over": "added up over",
    "most": "at most",
    "person": "the person behind it",
}


def rules(found: Rules) -> list[tuple[str, str]]:
    """Rows of: rule, value, as the file names and writes them."""
    values: dict[str, object] = msgspec.to_builtins(found)
    return [(name, "none" if value is None else str(value)) for name, value in values.items()]


def _most(limit: CumulativeLimit, currency: str) -> str:
    most = str(limit.most) if limit.of is Counted.quantity else format_money(limit.most, currency)
    item = "" if limit.item == "*" else f" of {limit.item}"
    return f"{limit.of.value} {most}{item} a {limit.period.value} and {limit.over.value}"


def _then(answer: Answer, ask: str) -> str:
    return f"ask {ask}" if answer is Answer.ask else answer.value
