"""How does news change the ledger's rows? Pure: which keys it can reach, and what it does to their sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence

import msgspec

from accord.exceptions.model import (
    Component,
    Counted,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.kit.days import Day, Instant
from accord.kit.derived_ids import derive
from accord.kit.errors import FieldError, InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.owners import Owners
from accord.ledger.decide.sheet import Sheet, count, move, ship
from accord.ledger.model import (
    Allocation,
    CalendarRecord,
    Commitment,
    Draw,
    Movement,
    Resource,
    State,
    Supplier,
    Supply,
    SupplyKind,
    allocation_key,
    node_key,
    node_of,
    resource_key,
    supplier_key,
)

_QUANTITY_MAX = 10**12
_LOOKS_LIKE_DAYS = 7  # a receipt of the same kind and quantity this near a proposed one may be the same


class Reach(msgspec.Struct, frozen=True):
    """What news can touch: keys to lock, nodes that will depend on them, and counts that need later movements."""

    keys: tuple[str, ...]
    counts: tuple[tuple[str, Instant], ...]  # (key, moment of the count)


class Opening(msgspec.Struct, frozen=True):
    """An order promised elsewhere, as it now stands in the ledger."""

    line: OpeningLine
    commitment: Commitment


def check(news: Sequence[News]) -> None:
    """Raises: InputError naming every piece of news that cannot be meant."""
    errors: list[FieldError] = []
    for index, one in enumerate(news):
        for field in ("quantity",):
            value = getattr(one, field, 0)
            if not 0 <= value <= _QUANTITY_MAX:
                errors.append(
                    FieldError(
                        f"/{index}/{field}",
                        "out_of_range",
                        f"{field} is from 0 to {_QUANTITY_MAX} base units, not {value}; state what is meant.",
                    )
                )
        if isinstance(one, Shipped | ReceiptArrived | OpeningLine) and one.quantity == 0:
            errors.append(
                FieldError(f"/{index}/quantity", "zero", "Nothing moved: state the quantity, more than 0.")
            )
        if isinstance(one, ReceiptStated):
            for c, component in enumerate(one.components):
                if not 0 < component.quantity <= _QUANTITY_MAX:
                    errors.append(
                        FieldError(
                            f"/{index}/components/{c}/quantity",
                            "out_of_range",
                            "A component's quantity is more than 0; leave it out otherwise.",
                        )
                    )
    if errors:
        raise InputError(errors[0].detail, errors=errors)


def unknown_names(news: Sequence[News], graph: Graph) -> list[FieldError]:
    """Items and sites that news names and master data does not have."""
    errors = []
    for index, one in enumerate(news):
        for field, known in (("item", graph.items), ("site", graph.sites)):
            name = getattr(one, field, None)
            if isinstance(name, str) and name not in known:
                errors.append(
                    FieldError(
                        f"/{index}/{field}",
                        f"unknown_{field}",
                        f"There is no {field} {name}; state it as master data first.",
                    )
                )
    return errors


def reach_of(
    news: Sequence[News], graph: Graph, known: Mapping[str, str], receipt_keys: Mapping[str, Sequence[str]]
) -> Reach:
    """The keys that news touches by itself.

    `known` is the node of each commitment that news names, `receipt_keys` the keys on which each receipt that news names
    draws now, and the nodes at which it is expected.
    """
    keys: set[str] = set()
    counts: set[tuple[str, Instant]] = set()
    for one in news:
        if isinstance(one, Counted | ReceiptStated | ReceiptArrived | OpeningLine):
            keys.add(node_key(one.item, one.site))
        if isinstance(one, Counted):
            counts.add((node_key(one.item, one.site), one.as_of))
        if isinstance(one, ReceiptStated):
            keys.update(component.key for component in one.components)
            keys.update(receipt_keys.get(one.id, ()))
            keys.update(receipt_keys.get(one.cites or "", ()))
        if isinstance(one, ReceiptArrived):
            keys.update(receipt_keys.get(one.id, ()))
        if isinstance(one, Shipped):
            if one.commitment not in known:
                raise InputError.at(
                    "/commitment",
                    "unknown_commitment",
                    f"There is no commitment {one.commitment}; check its id.",
                )
            keys.add(known[one.commitment])
        if isinstance(one, MasterStated):
            keys.update(_capacities_of(one, graph))
    return Reach(tuple(sorted(keys)), tuple(sorted(counts)))


def _capacities_of(one: MasterStated, graph: Graph) -> list[str]:
    record = one.record
    if isinstance(record, Resource):
        return [resource_key(record.id), resource_key(record.id, overtime=True)]
    if isinstance(record, Supplier):
        return [supplier_key(record.id)]
    if isinstance(record, Allocation):
        return [allocation_key(record.id)]
    if isinstance(record, CalendarRecord):
        resources = [r.id for r in graph.resources.values() if r.calendar == record.id]
        suppliers = [s.id for s in graph.suppliers.values() if s.calendar == record.id]
        return [
            *(resource_key(r, overtime) for r in resources for overtime in (False, True)),
            *(supplier_key(s) for s in suppliers),
        ]
    if one.ends is not None and one.ends[0] == "resource":
        return [resource_key(one.ends[1]), resource_key(one.ends[1], overtime=True)]
    if one.ends is not None and one.ends[0] == "supplier":
        return [supplier_key(one.ends[1])]
    if one.ends is not None and one.ends[0] == "allocation":
        return [allocation_key(one.ends[1])]
    return []


def apply_news(
    news: Sequence[News],
    sheets: MutableMapping[str, Sheet],
    today_of: Callable[[str], Day],
    movements: Mapping[str, Sequence[Movement]],
    ignored: MutableSequence[str],
    *,
    now: Instant,
    cause: str,
    on_progress: Callable[[int], None] | None = None,
) -> list[Opening]:
    """Change the sheets; what is not applied is said in `ignored`. Returns the opening commitments that were made.

    Counts are taken last, so that shipments and arrivals told together with them are inside or outside them by their
    moment alone.
    """
    openings: list[Opening] = []
    owners = Owners(sheets)
    places = {
        (node_of(key)[0], supply.id): key
        for key in sorted(sheets)
        for supply in sheets[key].supplies.values()
        if supply.kind is not SupplyKind.on_hand
    }
    in_order = [n for n in news if not isinstance(n, Counted)] + [n for n in news if isinstance(n, Counted)]
    for index, one in enumerate(in_order):
        match one:
            case Counted():
                _count(one, sheets, today_of, movements, ignored)
            case ReceiptStated():
                _state_receipt(one, sheets, owners, places, ignored)
            case ReceiptArrived():
                _arrive(one, sheets, owners, today_of, ignored, cause=cause, index=index)
            case Shipped():
                _ship(one, sheets, today_of, ignored, cause=cause, index=index)
            case OpeningLine():
                openings.append(_open(one, sheets, today_of, ignored, now=now, cause=cause, index=index))
            case _:  # MasterStated, DayRolled
                pass  # the graph is already the new one, and every node's day is rolled with any news
        if on_progress is not None:
            on_progress(1)
    return openings


def _count(
    one: Counted,
    sheets: MutableMapping[str, Sheet],
    today_of: Callable[[str], Day],
    movements: Mapping[str, Sequence[Movement]],
    ignored: MutableSequence[str],
) -> None:
    key = node_key(one.item, one.site)
    sheet = sheets[key]
    since = sum(
        m.quantity
        for m in (*movements.get(key, ()), *sheet.movements)
        if m.at > one.as_of and m.lot == one.lot
    )
    why_not = count(
        sheet,
        quantity=one.quantity,
        as_of=one.as_of,
        sequence=one.sequence,
        lot=one.lot,
        expires_on=one.expires_on,
        status=one.status,
        today=today_of(key),
        moved_since=since,
    )
    if why_not is not None:
        ignored.append(why_not)


def _state_receipt(
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
            supply.proposed_by is not None
            and supply.kind is one.kind
            and supply.quantity == one.quantity
            and abs((supply.due_on or supply.on) - one.due_on) <= _LOOKS_LIKE_DAYS
        ):
            return supply
    return None


def _arrive(
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


def _ship(
    one: Shipped,
    sheets: MutableMapping[str, Sheet],
    today_of: Callable[[str], Day],
    ignored: MutableSequence[str],
    *,
    cause: str,
    index: int,
) -> None:
    sheet, commitment = next(
        (s, s.commitments[one.commitment]) for s in sheets.values() if one.commitment in s.commitments
    )
    if commitment.state is not State.committed:
        ignored.append(
            f"{one.commitment} is {commitment.state.value}; a shipment fulfils only a commitment. Nothing was booked."
        )
        return
    open_quantity = commitment.quantity - commitment.fulfilled
    if one.quantity > open_quantity:
        ignored.append(
            f"{one.commitment} has only {open_quantity} left to ship, not {one.quantity}; nothing was booked."
        )
        return
    ship(sheet, commitment, one.quantity)
    movement = Movement(
        key=sheet.key,
        id=f"{cause}:{index}",
        at=one.at,
        quantity=-one.quantity,
        lot=one.lot,
        commitment=one.commitment,
    )
    short = move(sheet, movement, today=today_of(sheet.key))
    if short is not None:
        ignored.append(short)


def _open(
    one: OpeningLine,
    sheets: MutableMapping[str, Sheet],
    today_of: Callable[[str], Day],
    ignored: MutableSequence[str],
    *,
    now: Instant,
    cause: str,
    index: int,
) -> Opening:
    sheet = sheets[node_key(one.item, one.site)]
    ident = derive("com", cause, index + 1)
    commitment = Commitment(
        key=sheet.key,
        id=ident,
        promise=derive("prm", cause, index + 1),
        line=0,
        item=one.item,
        site=one.site,
        quantity=one.quantity,
        ship_on=one.promised_on,
        deliver_on=one.promised_on,
        state=State.committed,
        opening=True,
        made_at=now,
    )
    sheet.commitments[ident] = commitment
    sheet.draws[ident] = Draw(
        key=sheet.key,
        id=ident,
        owner=ident,
        promise=commitment.promise,
        on=one.promised_on,
        quantity=one.quantity,
        sequence=now * 1_000 + index,
    )
    if one.delivered_at is None:
        return Opening(one, commitment)
    if one.delivered_at > now:
        detail = (
            f"{one.ref} is said to be delivered at a moment that is still to come; leave delivered_at out."
        )
        raise InputError.at("/delivered_at", "in_the_future", detail)
    # A count of the stock, known or told with it, contains it; where nothing was counted yet nothing is missing.
    is_counted = any(row.kind is SupplyKind.on_hand for row in sheet.supplies.values())
    movement = Movement(
        key=sheet.key, id=f"{cause}:{index}", at=one.delivered_at, quantity=-one.quantity, commitment=ident
    )
    short = move(sheet, movement, today=today_of(sheet.key))
    if short is not None and is_counted:
        ignored.append(short)
    return Opening(one, ship(sheet, commitment, one.quantity))
