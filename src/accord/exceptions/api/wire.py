"""What does supply news look like in JSON?

The words of `exceptions.model`, written for other systems: days as ISO dates, moments in UTC, quantities of news as
decimal texts in the item's stated unit. Master data says its quantities in whole base units, as its own scale asks for.
Which fields are days and moments is what their names say: `on` and `_on` are days, `at`, `_at` and `as_of` moments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from accord.exceptions import model
from accord.kit.days import day_of, instant_iso, parse_instant
from accord.kit.errors import FieldError, InputError
from accord.kit.quantity import format_quantity, parse_quantity
from accord.ledger.decide.records import KINDS
from accord.ledger.model import Item, OpenException, SupplyKind, node_of

NEWS_MAX = 10_000

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Amount = Annotated[str, Meta(max_length=60, description="a decimal in the item's unit, written as text")]
Moment = Annotated[str, Meta(max_length=40, description="RFC 3339, with a zone")]
DayText = Annotated[str, Meta(max_length=10, description="ISO date")]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    pass


class CountedIn(_In, frozen=True, kw_only=True, tag="counted"):
    """An on-hand count of one lot and status of a node."""

    item: Text
    site: Text
    quantity: Amount
    as_of: Moment
    sequence: int = 0
    lot: Text | None = None
    expires_on: DayText | None = None
    status: Text = "available"


class ComponentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an unfinished receipt still takes, in base units or minutes."""

    key: Text
    on: DayText
    quantity: Annotated[int, Meta(gt=0)]


class ReceiptStatedIn(_In, frozen=True, kw_only=True, tag="receipt_stated"):
    """A purchase, transfer or production receipt: new, or changed. Quantity "0" ends it."""

    item: Text
    site: Text
    id: Text
    kind: Literal["purchase", "transfer", "production"]
    quantity: Amount
    due_on: DayText
    released: bool = True
    ref: str = ""
    lot: Text | None = None
    expires_on: DayText | None = None
    cites: Text | None = None
    components: list[ComponentIn] = []


class ReceiptArrivedIn(_In, frozen=True, kw_only=True, tag="receipt_arrived"):
    """A receipt came in."""

    item: Text
    site: Text
    id: Text
    quantity: Amount
    at: Moment
    closes: bool = True
    lot: Text | None = None
    expires_on: DayText | None = None


class ShippedIn(_In, frozen=True, kw_only=True, tag="shipped"):
    """A shipment left for a customer."""

    commitment: Text
    quantity: Annotated[int, Meta(gt=0, description="base units of the item")]
    at: Moment
    lot: Text | None = None


class MasterStatedIn(_In, frozen=True, kw_only=True, tag="master_stated"):
    """Master data, new or changed: one record of a kind."""

    kind: Literal[
        "item",
        "site",
        "calendar",
        "resource",
        "operation",
        "lane",
        "supplier",
        "term",
        "substitute",
        "delivery",
        "allocation",
    ]
    record: dict[str, Any]


class MasterEndedIn(_In, frozen=True, kw_only=True, tag="master_ended"):
    """Master data that is no longer so."""

    kind: Text
    id: Text


class DayRolledIn(_In, frozen=True, kw_only=True, tag="day_rolled"):
    """A site's local midnight passed."""

    site: Text


NewsIn = (
    CountedIn | ReceiptStatedIn | ReceiptArrivedIn | ShippedIn | MasterStatedIn | MasterEndedIn | DayRolledIn
)


class SupplyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """News that belongs together: all of it is recorded, or none."""

    news: Annotated[list[NewsIn], Meta(min_length=1, max_length=NEWS_MAX)]


class FulfilIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What left for the customer, and when: both are said, so that repeating it says the same."""

    quantity: Amount
    at: Moment
    lot: Text | None = None


class OutcomeOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the news did."""

    cause: str
    applied: int
    ignored: list[str]
    opened: list[str]
    closed: list[str]


class ExceptionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A commitment that supply no longer covers."""

    id: str
    commitment: str
    item: str
    site: str
    short: str
    unit: str
    cause: str
    owner: str
    opened_at: str
    closed_at: str | None
    closed_why: str


class ExceptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some exceptions, oldest first."""

    items: list[ExceptionOut]
    next: str | None


def outcome_out(outcome: model.Outcome) -> OutcomeOut:
    """What the news did, for systems."""
    return OutcomeOut(
        cause=outcome.cause,
        applied=outcome.applied,
        ignored=list(outcome.ignored),
        opened=list(outcome.opened),
        closed=list(outcome.closed),
    )


def exception_out(exception: OpenException, items: Mapping[str, Item]) -> ExceptionOut:
    """An exception as systems read it."""
    item, site = node_of(exception.key)
    known = items.get(item)
    return ExceptionOut(
        id=exception.id,
        commitment=exception.commitment,
        item=item,
        site=site,
        short=format_quantity(exception.short, known.scale if known is not None else 1),
        unit=known.unit if known is not None else "piece",
        cause=exception.cause,
        owner=exception.owner,
        opened_at=instant_iso(exception.opened_at),
        closed_at=None if exception.closed_at is None else instant_iso(exception.closed_at),
        closed_why=exception.closed_why,
    )


def news_of(said: SupplyIn, items: Mapping[str, Item]) -> list[model.News]:
    """The news in our words. Items that the same news brings in are known to what follows them. Raises: InputError."""
    scales = {id: item.scale for id, item in items.items()}
    news: list[model.News] = []
    errors: list[FieldError] = []
    for place, one in enumerate(said.news):
        try:
            news.append(_one(one, scales, f"/news/{place}"))
        except InputError as error:
            errors += error.errors
    if errors:
        raise InputError(errors[0].detail, errors=errors[:100])
    return news


def _one(one: NewsIn, scales: dict[str, int], at: str) -> model.News:
    match one:
        case CountedIn():
            return model.Counted(
                item=one.item,
                site=one.site,
                quantity=_amount(one.quantity, one.item, scales, f"{at}/quantity"),
                as_of=parse_instant(one.as_of, pointer=f"{at}/as_of"),
                sequence=one.sequence,
                lot=one.lot,
                expires_on=_day(one.expires_on, f"{at}/expires_on"),
                status=one.status,
            )
        case ReceiptStatedIn():
            return model.ReceiptStated(
                item=one.item,
                site=one.site,
                id=one.id,
                kind=SupplyKind(one.kind),
                quantity=_amount(one.quantity, one.item, scales, f"{at}/quantity"),
                due_on=day_of(one.due_on, pointer=f"{at}/due_on"),
                released=one.released,
                ref=one.ref,
                lot=one.lot,
                expires_on=_day(one.expires_on, f"{at}/expires_on"),
                cites=one.cites,
                components=tuple(
                    [
                        model.Component(
                            key=part.key,
                            on=day_of(part.on, pointer=f"{at}/components/{n}/on"),
                            quantity=part.quantity,
                        )
                        for n, part in enumerate(one.components)
                    ]
                ),
            )
        case ReceiptArrivedIn():
            return model.ReceiptArrived(
                item=one.item,
                site=one.site,
                id=one.id,
                quantity=_amount(one.quantity, one.item, scales, f"{at}/quantity"),
                at=parse_instant(one.at, pointer=f"{at}/at"),
                closes=one.closes,
                lot=one.lot,
                expires_on=_day(one.expires_on, f"{at}/expires_on"),
            )
        case ShippedIn():
            return model.Shipped(
                commitment=one.commitment,
                quantity=one.quantity,
                at=parse_instant(one.at, pointer=f"{at}/at"),
                lot=one.lot,
            )
        case MasterStatedIn():
            return _master(one, scales, at)
        case MasterEndedIn():
            if one.kind not in KINDS:
                raise InputError.at(
                    f"{at}/kind",
                    "unknown_kind",
                    f"There is no kind {one.kind!r}. Use one of: {', '.join(KINDS)}.",
                )
            return model.MasterStated(ends=(one.kind, one.id))
        case DayRolledIn():
            return model.DayRolled(site=one.site)


def _amount(text: str, item: str, scales: Mapping[str, int], at: str) -> int:
    """Base units; nothing is an amount here, and an unknown item is named by who knows items."""
    if text.strip() in ("0", "0.0"):
        return 0
    return parse_quantity(text, scales.get(item, 1), at)


def _day(text: str | None, at: str) -> int | None:
    return None if text is None else day_of(text, pointer=at)


def _master(one: MasterStatedIn, scales: dict[str, int], at: str) -> model.MasterStated:
    body = _in_our_words(one.record, f"{at}/record")
    try:
        record = msgspec.convert(body, KINDS[one.kind])
    except msgspec.ValidationError as error:
        words, _, path = str(error).partition(" - at `$")
        pointer = f"{at}/record{path.rstrip('`').replace('.', '/').replace('[', '/').replace(']', '')}"
        raise InputError.at(
            pointer,
            "not_a_record",
            f"This is not a record of the kind {one.kind}: {words}. Compare the reference.",
        ) from None
    if isinstance(record, Item):
        scales[record.id] = record.scale
    return model.MasterStated(record=cast(model.Master, record))  # KINDS has just the members of Master


def _in_our_words(value: Any, at: str, name: str = "") -> Any:
    """Days and moments as numbers, wherever a field's name says that it is one."""
    if isinstance(value, dict):
        return {key: _in_our_words(inner, f"{at}/{key}", key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_in_our_words(inner, f"{at}/{n}", name) for n, inner in enumerate(value)]
    if isinstance(value, str) and (name == "on" or name.endswith("_on")):
        return day_of(value, pointer=at)
    if isinstance(value, str) and (name == "at" or name.endswith("_at")):
        return parse_instant(value, pointer=at)
    return value
