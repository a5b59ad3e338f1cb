"""How does news change the ledger's rows? Pure: which keys it can reach, and what it does to their sheets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence

import msgspec

from accord.exceptions.decide.receipts import arrive, state_receipt
from accord.exceptions.model import (
    Counted,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.kit.days import Day, Instant, instant_iso
from accord.kit.derived_ids import derive
from accord.kit.errors import FieldError, InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.owners import Owners
from accord.ledger.decide.records import kind_name
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
    SupplyKind,
    allocation_key,
    node_key,
    node_of,
    resource_key,
    supplier_key,
)

_QUANTITY_MAX = 10**12
_A_DAY = 86_400_000_000


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
        for c, component in enumerate(one.components if isinstance(one, ReceiptStated) else ()):
            if not _is_known(component.key, graph):
                errors.append(
                    FieldError(
                        f"/{index}/components/{c}/key",
                        "unknown_key",
                        f"{component.key[:100]} is no item at a site, resource or supplier; state it as master data first.",
                    )
                )
    return errors


def _is_known(key: str, graph: Graph) -> bool:
    """Whether a receipt can take of it: an item at a site, minutes, or what a supplier can make."""
    kind, _, name = key.partition(":")
    if kind == "node":
        parts = node_of(key) if name.count("@") == 1 else ("", "")
        return parts[0] in graph.items and parts[1] in graph.sites
    if kind == "supplier":
        return name in graph.suppliers
    return kind in ("resource", "overtime") and name in graph.resources


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
    found = [] if one.ends is None else _keys_of(*one.ends)
    record = one.record
    if isinstance(record, Resource | Supplier | Allocation):
        found += _keys_of(kind_name(record), record.id)
    if isinstance(record, CalendarRecord):
        for resource in graph.resources.values():
            found += _keys_of("resource", resource.id) if resource.calendar == record.id else []
        for supplier in graph.suppliers.values():
            found += _keys_of("supplier", supplier.id) if supplier.calendar == record.id else []
    return found


def _keys_of(kind: str, id: str) -> list[str]:
    """The keys of what has an amount by day, by its kind and id."""
    if kind == "resource":
        return [resource_key(id), resource_key(id, overtime=True)]
    if kind == "supplier":
        return [supplier_key(id)]
    return [allocation_key(id)] if kind == "allocation" else []


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
    news = _by_now(news, now)
    in_order = [n for n in news if not isinstance(n, Counted)] + [n for n in news if isinstance(n, Counted)]
    for index, one in enumerate(in_order):
        match one:
            case Counted():
                _count(one, sheets, today_of, movements, ignored)
            case ReceiptStated():
                state_receipt(one, sheets, owners, places, ignored)
            case ReceiptArrived():
                arrive(one, sheets, owners, today_of, ignored, cause=cause, index=index)
            case Shipped():
                _ship(one, sheets, today_of, ignored, cause=cause, index=index)
            case OpeningLine():
                openings.append(_open(one, sheets, today_of, ignored, now=now, cause=cause, index=index))
            case _:  # MasterStated, DayRolled
                pass  # the graph is already the new one, and every node's day is rolled with any news
        if on_progress is not None:
            on_progress(1)
    return openings


def _by_now(news: Sequence[News], now: Instant) -> list[News]:
    """The news, what is said to be of a moment that is still to come as of now, in the order of what was said.

    A clock may be ahead, or a zone be left out; what left until then would be taken for counted, and what came for not.
    Raises: InputError where it is more than a day ahead: something else was meant.
    """
    said = [_said_at(one) for one in news]
    ahead = sorted({at for at in said if at is not None and at > now})
    if ahead and ahead[-1] > now + _A_DAY:
        detail = f"{instant_iso(ahead[-1])} is still to come; state when it was."
        raise InputError.at(f"/{said.index(ahead[-1])}", "in_the_future", detail)
    meant = {at: now - place for place, at in enumerate(reversed(ahead))}
    found: list[News] = []
    for one, at in zip(news, said, strict=True):
        if isinstance(one, Counted) and at in meant:
            found.append(msgspec.structs.replace(one, as_of=meant[at]))
        elif isinstance(one, ReceiptArrived | Shipped) and at in meant:
            found.append(msgspec.structs.replace(one, at=meant[at]))
        else:
            found.append(one)
    return found


def _said_at(one: News) -> Instant | None:
    if isinstance(one, Counted):
        return one.as_of
    return one.at if isinstance(one, ReceiptArrived | Shipped) else None


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
