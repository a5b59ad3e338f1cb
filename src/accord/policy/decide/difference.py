"""What would another edition of the rules change?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from accord.policy.model import Actor, CumulativeLimit, Edition, Right, Rights, Rules

Row = Right | CumulativeLimit | Actor


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs."""

    kind: str  # rule, tier, right, limit, actor, everybody_else, zone, change, second
    id: str
    what: str  # added, removed, changed, moved
    field: str = ""
    before: str = ""
    after: str = ""


def changes(
    rules: Rules, tiers: Mapping[str, int], rights: Rights | None, edition: Edition
) -> tuple[Change, ...]:
    """What the edition changes of what is in force: rules, tiers, then rights, limits and actors in their order."""
    now, then = rights or Rights(), edition.rights
    found = [*_rules(rules, edition), *_tiers(tiers, edition)]
    found += _rows("right", now.rights, then.rights)
    found += _order(now.rights, then.rights)
    found += _rows("limit", now.limits, then.limits)
    found += _rows("actor", now.actors, then.actors)
    found += [
        Change(kind=name, id="", what="changed", before=getattr(now, name), after=getattr(then, name))
        for name in ("everybody_else", "zone", "change", "second")
        if getattr(now, name) != getattr(then, name)
    ]
    return tuple(found)


def _rules(rules: Rules, edition: Edition) -> Iterator[Change]:
    now: dict[str, object] = msgspec.to_builtins(rules)
    for name, value in edition.rules:
        if now[name] != value:
            yield Change(kind="rule", id=name, what="changed", before=_said(now[name]), after=_said(value))


def _tiers(tiers: Mapping[str, int], edition: Edition) -> Iterator[Change]:
    for tier in edition.tiers:
        if tiers.get(tier.id) != tier.rank:
            what = "changed" if tier.id in tiers else "added"
            before = str(tiers[tier.id]) if tier.id in tiers else ""
            yield Change(kind="tier", id=tier.id, what=what, before=before, after=str(tier.rank))


def _rows(kind: str, now: tuple[Row, ...], then: tuple[Row, ...]) -> Iterator[Change]:
    was = {row.id: row for row in now}
    new = {row.id: row for row in then}
    for id in was:
        if id not in new:
            yield Change(kind=kind, id=id, what="removed")
    for id, row in new.items():
        if id not in was:
            yield Change(kind=kind, id=id, what="added", after=summary(row))
            continue
        for field in row.__struct_fields__:
            before, after = getattr(was[id], field), getattr(row, field)
            if before != after:
                yield Change(
                    kind=kind, id=id, what="changed", field=field, before=_said(before), after=_said(after)
                )


def _order(now: tuple[Right, ...], then: tuple[Right, ...]) -> Iterator[Change]:
    """Of rights that stay, the first decides: their order matters."""
    both = {right.id for right in now} & {right.id for right in then}
    before = [right.id for right in now if right.id in both]
    after = [right.id for right in then if right.id in both]
    if before != after:
        yield Change(kind="right", id="", what="moved", before=", ".join(before), after=", ".join(after))


def summary(row: Row) -> str:
    """What a row says beside its id, in a few words."""
    said: dict[str, object] = msgspec.to_builtins(row)
    return ", ".join(f"{name} {_said(value)}" for name, value in said.items() if name != "id")


def _said(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(str(one) for one in value) or "any"
    return "none" if value is None else str(value)
