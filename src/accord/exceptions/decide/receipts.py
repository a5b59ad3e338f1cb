"""What does news of a receipt do to the rows? It is stated, goes elsewhere, carries out a proposed one, arrives."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, MutableSequence

import msgspec

from accord.exceptions.model import Component, ReceiptArrived, ReceiptStated
from accord.kit.days import Day
from accord.ledger.decide.gate import is_proposal
from accord.ledger.decide.owners import Owners
from accord.ledger.decide.sheet import Sheet, move
from accord.ledger.model import Draw, Movement, Supply, node_key

_LOOKS_LIKE_DAYS = 7  # a receipt of the same kind and quantity this near a proposed one may be the same


def state_receipt(
    one: ReceiptStated,
    sheets: MutableMapping[str, Sheet],
    owners: Owners,
    places: MutableMapping[tuple[str, str], str],
    ignored: MutableSequence[str],
) -> None:
    """`places` is where each receipt of an item is expected, by item and id; it is kept up to date."""
    key = node_key(one.item, one.site)
    sheet = sheets[key]
    # One that goes to another site from now on is not expected any more where it was.
    known = sheets[places.get((one.item, one.id), key)].supplies.get(one.id)
    cited = sheet.supplies.get(one.cites) if one.cites else None
    if one.cites and cited is None and known is None:
        ignored.append(
            f"Receipt {one.ref or one.id} cites {one.cites}, which is not expected at {one.item} in {one.site}; check the id."
        )
        return
    if known is None and one.cites is None and (twin := _twin(one, sheet)) is not None:
        ignored.append(
            f"Receipt {one.ref or one.id} looks like the proposed receipt {twin.id} but does not cite it; send it again with"
            f" cites {twin.id}, or with an empty cites if it is another one."
        )
        return
    # Both where it was told of before it cited one: it is that one, so that neither counts beside it.
    olds = [old for old in (cited, known) if old is not None]
    draws = [d for owner in dict.fromkeys((one.id, one.cites or one.id)) for d in owners.of(owner)]
    proposed_by = next((old.proposed_by for old in olds if old.proposed_by is not None), None)
    # Also when it is told again, be it without the citation: by then the one it cites is gone, and what that one drew is
    # this one's.
    keeps = (bool(one.cites) or proposed_by is not None) and not one.components
    whose = one.id if cited is None else cited.id
    for draw in draws:
        owners.take(draw)
        if keeps and one.quantity and draw.owner == whose:
            owners.put(msgspec.structs.replace(draw, owner=one.id, feeds=key))
    for old in olds:
        del sheets[old.key].supplies[old.id]
        places.pop((one.item, old.id), None)
    if one.quantity == 0:
        return
    places[one.item, one.id] = key
    sheet.supplies[one.id] = Supply(
        key=key,
        id=one.id,
        kind=one.kind,
        quantity=one.quantity,
        on=one.due_on,
        due_on=one.due_on,
        released=one.released,
        proposed_by=proposed_by,
        ref=one.ref,
        lot=one.lot,
        expires_on=one.expires_on,
    )
    for index, component in enumerate(one.components):
        owners.put(_component_draw(one, component, key, index))


def _component_draw(one: ReceiptStated, component: Component, key: str, index: int) -> Draw:
    return Draw(
        key=component.key,
        id=f"{one.id}:{index}",
        owner=one.id,
        promise=None,
        on=component.on,
        quantity=component.quantity,
        feeds=key,
    )


def _twin(one: ReceiptStated, sheet: Sheet) -> Supply | None:
    """The proposed receipt that this one may be carrying out without saying so."""
    for supply in sorted(sheet.supplies.values(), key=lambda s: s.id):
        if (
            is_proposal(supply)
            and supply.kind is one.kind
            and supply.quantity == one.quantity
            and abs((supply.due_on or supply.on) - one.due_on) <= _LOOKS_LIKE_DAYS
        ):
            return supply
    return None


def arrive(
    one: ReceiptArrived,
    sheets: MutableMapping[str, Sheet],
    owners: Owners,
    today_of: Callable[[str], Day],
    ignored: MutableSequence[str],
    *,
    cause: str,
    index: int,
) -> None:
    key = node_key(one.item, one.site)
    sheet = sheets[key]
    receipt = sheet.supplies.get(one.id)
    if receipt is None:
        ignored.append(
            f"Receipt {one.id} is not expected at {one.item} in {one.site}; state it first, or count the stock."
        )
        return
    left = receipt.quantity - one.quantity
    lot = one.lot if one.lot is not None else receipt.lot
    movement = Movement(key=key, id=f"{cause}:{index}", at=one.at, quantity=one.quantity, lot=lot)
    move(sheet, movement, expires_on=one.expires_on or receipt.expires_on, today=today_of(key))
    if left > 0 and not one.closes:
        sheet.supplies[one.id] = msgspec.structs.replace(receipt, quantity=left)
        return
    del sheet.supplies[one.id]
    # What it took is used up: components and origin stock leave their on hand, minutes are past.
    for n, draw in enumerate(owners.of(one.id)):
        owners.take(draw)
        if draw.key.startswith("node:"):
            out = Movement(key=draw.key, id=f"{cause}:{index}:{n}", at=one.at, quantity=-draw.quantity)
            short = move(sheets[draw.key], out, today=today_of(draw.key))
            if short is not None:
                ignored.append(short)
