"""What may a system ask for, in JSON?

The structs of what comes in, and their translation to a request. Ids are exact, quantities decimal texts in the item's
stated unit, days ISO dates. What is wrong is an error that points at the field.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from accord.kit.days import day_of
from accord.kit.errors import InputError
from accord.kit.quantity import parse_quantity
from accord.promise import model
from accord.promise.api.wire import Money
from accord.promise.named import Names, exact

ORDER_LINES_MAX = 500
REF_LENGTH_MAX = 200
PRICE_MINOR_MAX = 10**15
HOLD_SECONDS_MAX = 10 * 366 * 86_400

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Ref = Annotated[str, Meta(max_length=REF_LENGTH_MAX)]
Seconds = Annotated[int, Meta(gt=0, le=HOLD_SECONDS_MAX)]


class LineIn(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """One item, quantity and day."""

    item: Text
    quantity: Annotated[
        str,
        Meta(max_length=60, description="a decimal in the item's unit, written as text", examples=["500"]),
    ]
    requested_on: Annotated[
        str, Meta(max_length=10, description="delivery day, the ship-to's date", examples=["2027-03-12"])
    ]
    unit: Text | None = None  # when given, it must be the item's
    site: Text | None = None
    price: Money | None = None  # of one stated unit
    ref: Ref = ""


Lines = Annotated[list[LineIn], Meta(min_length=1, max_length=ORDER_LINES_MAX)]


class AskIn(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """A question: what can be promised?"""

    lines: Lines
    customer: Text | None = None
    ship_complete: bool | None = None  # null = the customer's term
    may_split: bool | None = None
    may_substitute: bool | None = None
    ref: Ref = ""


class PromiseIn(AskIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hold or a commitment of something new."""

    verb: Literal["hold", "commit"] = "commit"
    option: Text | None = None  # its number or its id; null = the first
    digest: Text | None = None  # of the answer the caller looked at
    accept: Literal["requested", "best"] = "requested"
    hold_seconds: Seconds | None = None
    asks_approval: bool = False  # where somebody else must agree: ask them
    note: Ref = ""  # to whom is asked


class OrderIn(PromiseIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of many independent orders; its id makes a retry harmless."""

    id: Text


class BulkIn(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Many independent orders, decided in their order."""

    orders: Annotated[list[OrderIn], Meta(min_length=1, max_length=ORDER_LINES_MAX)]


class AmendIn(AskIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The new lines of a promise."""

    option: Text | None = None
    digest: Text | None = None
    accept: Literal["requested", "best"] = "requested"
    asks_approval: bool = False
    note: Ref = ""


class HardenIn(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the promise is needed to commit a hold; where somebody else must agree, they may be asked."""

    asks_approval: bool = False
    note: Ref = ""


class RenewIn(HardenIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to keep the hold from now on; null = as the policy says."""

    hold_seconds: Seconds | None = None


class SettleIn(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Why an approval is given or declined."""

    because: Ref = ""


def request_of(
    asked: AskIn, names: Names, *, id: str, verb: model.Verb, promise: str | None = None, at: str = ""
) -> model.Request:
    """The request that was asked for; `at` is the pointer of the order in its body. Raises: InputError."""
    option = digest = hold_seconds = None
    accept, asks_approval, note = "requested", False, ""
    if isinstance(asked, PromiseIn | AmendIn):
        option, digest, accept = asked.option, asked.digest, asked.accept
        asks_approval, note = asked.asks_approval, asked.note
    if isinstance(asked, PromiseIn):
        hold_seconds = asked.hold_seconds
    if asked.customer is not None:
        exact(asked.customer, names.customers, "customer", f"{at}/customer")
    return model.Request(
        id=id,
        verb=verb,
        customer=asked.customer,
        lines=tuple([_line(line, names, f"{at}/lines/{n}") for n, line in enumerate(asked.lines)]),
        promise=promise,
        option=option,
        accept=accept,
        digest=digest,
        hold_seconds=hold_seconds,
        ship_complete=asked.ship_complete,
        may_split=asked.may_split,
        may_substitute=asked.may_substitute,
        ref=asked.ref,
        asks_approval=asks_approval,
        note=note,
    )


def _line(line: LineIn, names: Names, at: str) -> model.Line:
    item = exact(line.item, names.items, "item", f"{at}/item")
    if line.unit is not None and line.unit != item.unit:
        detail = (
            f"{item.id} is counted in {item.unit}, not in {line.unit[:40]}. Give the quantity in {item.unit}."
        )
        raise InputError.at(f"{at}/unit", "wrong_unit", detail)
    if line.site is not None:
        exact(line.site, names.sites, "site", f"{at}/site")
    return model.Line(
        item=item.id,
        quantity=parse_quantity(line.quantity, item.scale, f"{at}/quantity"),
        requested_on=day_of(line.requested_on, pointer=f"{at}/requested_on"),
        site=line.site,
        price_minor=None if line.price is None else _price(line.price, names, f"{at}/price"),
        ref=line.ref,
    )


def _price(price: Money, names: Names, at: str) -> int:
    if price.currency != names.currency:
        detail = f"Prices are in {names.currency} here, not in {price.currency[:20]}. Give the price in {names.currency}."
        raise InputError.at(f"{at}/currency", "wrong_currency", detail)
    if not 0 <= price.minor <= PRICE_MINOR_MAX:
        detail = (
            f"A price is 0 to {PRICE_MINOR_MAX} minor units, not {price.minor}. Check the number of digits."
        )
        raise InputError.at(f"{at}/minor", "not_a_price", detail)
    return price.minor
