"""How is news taken back? Every row it touched becomes what it was before, unless later facts build on it.

What was promised since on the strength of the news stays promised: it is judged again, and has an exception where
nothing covers it any more. Goods that moved, a count or a statement that came later, an order that was changed or
shipped: those are facts, and taking back what they rest on would make them untrue. They are named, and nothing is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSequence, Sequence

import msgspec

from accord.kit.errors import Conflict
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Commitment, Draw, State, Supply, SupplyKind, node_of

_NAMED = 20  # facts that are listed


class UndoRefused(Conflict):
    """Later facts build on what should be taken back."""

    code = "undo_refused"
    title = "This cannot be undone any more"


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one key at one of its versions."""

    supplies: dict[str, Supply]
    draws: dict[str, Draw]
    commitments: dict[str, Commitment]


class KeyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What news did to one key."""

    key: str
    before: Rows
    after: Rows


def refuse(why: Iterable[str]) -> None:
    """Raises: UndoRefused naming the facts, when there are any."""
    found = list(why)
    if not found:
        return
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    raise UndoRefused(
        f"Nothing was undone: {found[0]}{more}. Import what is right now instead.",
        extra={"facts": found[:_NAMED], "count": len(found)},
    )


def take_back(
    changes: Sequence[KeyChange], sheets: Mapping[str, Sheet], why_not: MutableSequence[str]
) -> list[Commitment]:
    """Set the sheets back; what keeps it from that is said in `why_not`. Returns the orders that are no longer promised."""
    ended: list[Commitment] = []
    owners = _stated(changes)
    for change in changes:
        sheet = sheets[change.key]
        _supplies(change, sheet, why_not)
        for id, draw in sorted(change.after.draws.items()):
            if draw.owner in owners and id not in change.before.draws:
                sheet.draws.pop(id, None)
        for id, draw in sorted(change.before.draws.items()):
            if draw.owner in owners and id not in change.after.draws:
                sheet.draws[id] = draw
        ended += _openings(change, sheet, why_not)
    return ended


def _stated(changes: Iterable[KeyChange]) -> frozenset[str]:
    """The receipts that news stated, on whatever key they arrive."""
    return frozenset(
        id
        for change in changes
        for id in {*change.before.supplies, *change.after.supplies}
        if _is_stated(change.before.supplies.get(id), change.after.supplies.get(id))
    )


def _supplies(change: KeyChange, sheet: Sheet, why_not: MutableSequence[str]) -> None:
    for id in sorted({*change.before.supplies, *change.after.supplies}):
        before, after = change.before.supplies.get(id), change.after.supplies.get(id)
        if not _is_stated(before, after):
            continue
        now = sheet.supplies.get(id)
        if _identity(now) != _identity(after):
            why_not.append(_said(after or before, now))
        elif before is None:
            del sheet.supplies[id]
        else:
            sheet.supplies[id] = before


def _is_stated(before: Supply | None, after: Supply | None) -> bool:
    """Whether it was the news that changed it, and not a midnight or a hold that expired beside it."""
    if after is None and before is not None and before.expires_at is not None:
        return False
    return _identity(before) != _identity(after)


def _identity(supply: Supply | None) -> tuple[object, ...] | None:
    """What is said of a supply, without what the day and its doubts make of it."""
    if supply is None:
        return None
    return (
        supply.kind,
        supply.quantity,
        supply.due_on,
        supply.released,
        supply.ref,
        supply.lot,
        supply.expires_on,
        supply.status,
        supply.as_of,
        supply.sequence,
    )


def _said(was: Supply | None, now: Supply | None) -> str:
    supply = was or now
    assert supply is not None  # the news stated it, before or after
    item, site = node_of(supply.key)
    if supply.kind is SupplyKind.on_hand:
        return f"the stock of {item} at {site} was counted or moved since"
    how = "arrived or ended" if now is None else "was stated anew"
    return f"receipt {supply.ref or supply.id} of {item} at {site} {how} since"


def _openings(change: KeyChange, sheet: Sheet, why_not: MutableSequence[str]) -> list[Commitment]:
    ended = []
    for id, commitment in sorted(change.after.commitments.items()):
        if not commitment.opening or id in change.before.commitments:
            continue
        now = sheet.commitments.get(id)
        if now is None or now.state is not commitment.state or now.fulfilled != commitment.fulfilled:
            why_not.append(f"order {id} of {commitment.item} was changed or delivered since")
            continue
        sheet.commitments[id] = msgspec.structs.replace(now, state=State.cancelled)
        sheet.draws.pop(id, None)
        ended.append(sheet.commitments[id])
    return ended
