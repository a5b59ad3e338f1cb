"""How is an edition of the rules written as a file? So that reading the file gives the same edition again.

First a tree of plain values, as TOML knows them, which a form can also hold; then the tree as text. Comments are not kept
with an edition, so there are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from accord.kit.days import instant_iso
from accord.kit.money import format_money
from accord.policy.model import (
    ANY,
    Actor,
    Answer,
    Case,
    Counted,
    CumulativeLimit,
    Edition,
    Right,
    Rules,
    Verb,
)

Tree = dict[str, object]

TABLES = ("right", "limit", "actor", "case")  # several of each, in their order
GROUPS = ("rules", "tiers", "change")  # one of each
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LIMIT_VERBS = (Verb.hold, Verb.commit)  # what a limit counts where it names none


def written(edition: Edition, currency: str) -> str:
    """The file of an edition; `currency` is that of the rules in force, where it states none."""
    return as_toml(tree_of(edition, currency))


def tree_of(edition: Edition, currency: str) -> Tree:
    """An edition as plain values under the names of the file."""
    rights = edition.rights
    money = _Money(str(dict(edition.rules).get("currency", currency)))
    counted = {limit.id: limit.of for limit in rights.limits}
    change: Tree = _given(role=rights.change, second=rights.second)
    return {
        **_given(name=edition.name),
        **({} if edition.effective_at is None else {"effective_at": instant_iso(edition.effective_at)}),
        "zone": rights.zone,
        **_given(everybody_else=rights.everybody_else),
        **({"rules": {k: "none" if v is None else v for k, v in edition.rules}} if edition.rules else {}),
        **({"tiers": {tier.id: tier.rank for tier in edition.tiers}} if edition.tiers else {}),
        **({"change": change} if change else {}),
        "right": [_right(one, money) for one in rights.rights],
        "limit": [_limit(one, money) for one in rights.limits],
        "actor": [_actor(one) for one in rights.actors],
        "case": [_case(one, money, counted) for one in edition.cases],
    }


def in_force_tree(edition: Edition, rules: Rules, tiers: Mapping[str, int], currency: str) -> Tree:
    """The same of the edition in force, with the values that its rules and tiers have by now, and for no moment yet."""
    tree = tree_of(edition, currency)
    tree.pop("effective_at", None)
    if edition.rules:
        tree["rules"] = {
            name: "none" if getattr(rules, name) is None else getattr(rules, name)
            for name, _ in edition.rules
        }
    if edition.tiers:
        tree["tiers"] = {one.id: tiers.get(one.id, one.rank) for one in edition.tiers}
    return tree


def as_toml(tree: Tree) -> str:
    """A tree as text: what stands alone first, then the groups, then the tables in their order."""
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in tree.items()
        if key not in GROUPS and not _is_table(value)
    ]
    for group in GROUPS:
        values = tree.get(group)
        if isinstance(values, dict) and values:
            lines += ["", f"[{group}]", *_pairs(values)]
    for name, rows in tree.items():
        if _is_table(rows) and isinstance(rows, list):
            for row in rows:
                lines += ["", f"[[{_key(name)}]]", *_pairs(row)]
    return "\n".join(lines).lstrip("\n") + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(text: str) -> str:
    # JSON's way of quoting is TOML's, but for one character, and half of a pair, which no file can hold.
    whole = text.encode("utf-8", "replace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- the tables ---


class _Money:
    def __init__(self, currency: str) -> None:
        self.currency = currency

    def __call__(self, minor: int) -> str:
        return format_money(minor, self.currency).partition(" ")[0]


def _given(**values: object) -> Tree:
    return {name: value for name, value in values.items() if value not in (None, "", (), [], {}, False)}


def _limits(**values: object) -> Tree:
    """What was set, 0 included: a limit of 0 is another thing than no limit."""
    return {name: value for name, value in values.items() if value is not None}


def _then(answer: Answer, ask: str) -> str:
    return f"ask {ask}" if answer is Answer.ask else answer.value


def _who(row: Right | CumulativeLimit) -> Tree:
    found: Tree = {} if row.role == ANY else {"role": row.role}
    return found | ({"tiers": list(row.tiers)} if row.tiers else {})


def _right(right: Right, money: _Money) -> Tree:
    limits = _limits(
        quantity_max=right.quantity_max,
        value_max=None if right.value_minor_max is None else money(right.value_minor_max),
        margin_bp_min=right.margin_bp_min,
        days_late_max=right.days_late_max,
        days_ahead_max=right.days_ahead_max,
        expedite_max=None if right.expedite_minor_max is None else money(right.expedite_minor_max),
        hold_max=None if right.hold_seconds_max is None else length(right.hold_seconds_max),
    )
    also = _given(inside_fence=right.inside_fence, borrow=right.borrow, below_floor=right.below_floor)
    verbs = _given(verbs=[verb.value for verb in right.verbs])
    return {"id": right.id, **_who(right), **verbs, **limits, **also, "then": _then(right.then, right.ask)}


def _limit(limit: CumulativeLimit, money: _Money) -> Tree:
    verbs = [] if limit.verbs == _LIMIT_VERBS else [verb.value for verb in limit.verbs]
    return {
        "id": limit.id,
        **_who(limit),
        **_given(verbs=verbs),
        **({} if limit.item == ANY else {"item": limit.item}),
        "of": limit.of.value,
        "over": limit.over.value,
        "period": limit.period.value,
        "most": limit.most if limit.of is Counted.quantity else money(limit.most),
        "then": _then(limit.then, limit.ask),
    }


def _actor(actor: Actor) -> Tree:
    roles = {"role": actor.roles[0]} if len(actor.roles) == 1 else _given(roles=list(actor.roles))
    return {"id": actor.id, **roles, **_given(team=actor.team, person=actor.person)}


def _case(case: Case, money: _Money, counted: Mapping[str, Counted]) -> Tree:
    figures = case.figures
    amount = figures.amounts[0]
    worth: Tree = {"value": money(amount.value_minor)} if amount.value_minor else {}
    # A value is the price, too, where none is said; no value says nothing of it.
    if figures.price_minor is not None and (figures.price_minor != amount.value_minor or not worth):
        worth["price"] = money(figures.price_minor)
    worth |= _cost(figures.price_minor, figures.cost_minor, money)
    used = {
        name: n if counted.get(name) is Counted.quantity else money(n)
        for name, n in case.used
        if name in counted
    }
    return {
        "name": case.name,
        **_given(actor=case.actor, role=case.role),
        "verb": case.verb.value,
        **_given(tier=case.tier, customer=case.customer, item=amount.item, quantity=amount.quantity),
        **worth,
        **_given(
            days_late=figures.days_late,
            days_ahead=figures.days_ahead,
            expedite=money(amount.expedite_minor) if amount.expedite_minor else "",
            hold=length(figures.hold_seconds) if figures.hold_seconds else "",
            inside_fence=figures.inside_fence,
            borrow=figures.borrow,
            below_floor=figures.below_floor,
            used=used,
        ),
        "expect": _then(case.expect, case.ask),
        **_given(by=case.by),
    }


def _cost(price: int | None, cost: int, money: _Money) -> Tree:
    """As a margin, which is how people think of it, where that says exactly the same."""
    if not cost:
        return {}
    if price:
        margin = -(-(price - cost) * 10_000 // price)
        if price - price * margin // 10_000 == cost:
            return {"margin_bp": margin}
    return {"cost": money(cost)}


def length(seconds: int) -> str:
    """A length of time as the file writes it: "48h", "90m"."""
    for unit, size in (("h", 3600), ("d", 86_400), ("w", 7 * 86_400), ("m", 60)):
        if seconds % size == 0 and seconds // size < 1_000_000:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
