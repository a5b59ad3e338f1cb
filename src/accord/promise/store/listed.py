"""Which promises are like this, in which order, and how many are there of each state?

A promise shows as expired or delivered without anybody having written it down: a hold expires by comparison with the
clock, and what has left is known by the ledger. So each statement is told the moment, and which promises still have
something to deliver.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Literal

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day, Instant
from accord.kit.errors import InputError
from accord.ledger.model import State
from accord.promise.model import Promise

Sort = Literal["made", "due", "value", "expires"]

# What is unknown comes behind everything that is known, in whichever direction the list runs.
_ORDERS: dict[Sort, str] = {
    "made": "made_at",
    "due": "due_on",
    "value": "value_minor",
    "expires": "expires_at",
}

_IS_OPEN = "id IN (:keys)"
_STATES: dict[State, str] = {
    State.held: "(state = 'held' AND (expires_at IS NULL OR expires_at > :now))",
    State.committed: f"(state = 'committed' AND {_IS_OPEN})",
    State.fulfilled: f"(state = 'fulfilled' OR (state = 'committed' AND NOT {_IS_OPEN}))",
    State.cancelled: "state = 'cancelled'",
    State.released: "state = 'released'",
    State.expired: "(state = 'expired' OR (state = 'held' AND expires_at <= :now))",
}
_OPEN = f"({_STATES[State.held]} OR {_STATES[State.committed]})"
_OF_STATE = f"CASE WHEN {_STATES[State.expired]} THEN 'expired' WHEN {_STATES[State.fulfilled]} THEN 'fulfilled' ELSE state END"  # fmt: skip

_unpack = msgspec.msgpack.Decoder(Promise).decode


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; everything that is said must be so."""

    customer: str | None = None
    item: str | None = None
    ref: str | None = None
    state: State | None = None
    due: tuple[Day, Day] | None = None  # open, and the first of its days promised in [from, until)
    expires_until: Instant | None = None  # a hold that ends by then, and has not ended yet
    is_changed: bool = False  # amended, or moved since it was first promised
    is_uncovered: bool = False  # supply does not cover it now
    actors: tuple[str, ...] | None = None  # made by one of these …
    customers: tuple[str, ...] = ()  # … or for one of these
    reach: tuple[str, ...] | None = None  # who looks may read only what these made; None = everything


def page(
    tx: Tx,
    look: Look,
    *,
    sort: Sort,
    is_down: bool,
    open_ids: Sequence[str],
    uncovered: Sequence[str],
    now: Instant,
    after: str | None,
    limit: int,
) -> tuple[list[Promise], str | None]:
    """Promises in force that are so, and the cursor of the next page, None at the end.

    The cursor names the last promise shown and where it stood, so that a page neither repeats nor skips one when others
    come meanwhile. Raises: InputError when `after` is no cursor of this order.
    """
    where, params = _where(look, now)
    column = _ORDERS[sort]
    if after is not None:
        value, id = _of_cursor(after, sort, is_down=is_down)
        than = "<" if is_down else ">"
        params |= {"after_id": id}
        if sort == "made":
            where.append(f"(made_at, id) {than} (:after_value, :after_id)")
            params |= {"after_value": value}
        elif value is None:
            where.append(f"({column} IS NULL AND id {than} :after_id)")
        else:
            where.append(
                f"({column} {than} :after_value OR ({column} = :after_value AND id {than} :after_id) OR {column} IS NULL)"
            )
            params |= {"after_value": value}
    way = "DESC" if is_down else "ASC"
    # A scan of the promises in force: the index on the customer or number where one is asked for; by the moment they
    # were made, a stretch of the index on it.
    sql = (
        f"SELECT body, {column} FROM promise WHERE {' AND '.join(where)}"  # noqa: S608 - our own words
        f" ORDER BY {'' if sort == 'made' else f'{column} IS NULL, '}{column} {way}, id {way} LIMIT :limit"
    )
    params |= {"limit": limit + 1}
    keys = uncovered if look.is_uncovered else open_ids
    found = tx.rows_in(sql, keys, **params) if ":keys" in sql else tx.rows(sql, **params)
    rows = [_unpack(body) for body, _value in found[:limit]]
    is_more = len(found) > limit
    return rows, _to_cursor(sort, found[limit - 1][1], rows[-1].id, is_down=is_down) if is_more else None


def counts(
    tx: Tx, look: Look, *, open_ids: Sequence[str], uncovered: Sequence[str], now: Instant
) -> dict[State, int]:
    """How many promises of each state are so; `state` of what is looked for does not count."""
    where, params = _where(msgspec.structs.replace(look, state=None), now)
    # A scan of the promises in force, as far as customer and number do not narrow it.
    sql = f"SELECT {_OF_STATE}, count(*) FROM promise WHERE {' AND '.join(where)} GROUP BY 1"  # noqa: S608 - our own words
    params = {"now": now, **params}
    keys = uncovered if look.is_uncovered else open_ids
    return {State(state): count for state, count in tx.rows_in(sql, keys, **params)}


def _where(look: Look, now: Instant) -> tuple[list[str], dict[str, object]]:
    where = ["in_force"]
    params: dict[str, object] = {}
    for name in ("customer", "ref"):
        value = getattr(look, name)
        if value is not None:
            where.append(f"{name} = :{name}")
            params[name] = value
    if look.item is not None:
        # Each id stands on a line of its own; the first line has none before it.
        where.append(
            "replace(:line || item_ids || :line, :line || :item || :line, '') <> :line || item_ids || :line"
        )
        params |= {"line": "\n", "item": look.item}
    if look.state is not None:
        where.append(_STATES[look.state])
    if look.due is not None:
        where.append(f"due_on >= :due_from AND due_on < :due_until AND {_OPEN}")
        params |= {"due_from": look.due[0], "due_until": look.due[1]}
    if look.expires_until is not None:
        where.append(f"{_STATES[State.held]} AND expires_at <= :expires_until")
        params["expires_until"] = look.expires_until
    if look.is_changed:
        where.append("is_changed")
    if look.is_uncovered:
        where.append(_IS_OPEN)
    if look.actors is not None:
        by = _one_of("actor", look.actors, "by", params)
        where.append(f"({by} OR {_one_of('customer', look.customers, 'for', params)})")
    if look.reach is not None:
        where.append(_one_of("actor", look.reach, "reach", params))
    if any(":now" in one for one in where):
        params["now"] = now
    return where, params


def _one_of(column: str, names: Sequence[str], called: str, params: dict[str, object]) -> str:
    """The condition that a column is one of few names; what it needs is added to the parameters."""
    params |= {f"{called}_{place}": name for place, name in enumerate(names)}
    if not names:
        return "1 = 0"
    return f"{column} IN ({', '.join([f':{called}_{place}' for place in range(len(names))])})"


def _to_cursor(sort: Sort, value: int | None, id: str, *, is_down: bool) -> str:
    text = f"{'-' if is_down else ''}{sort},{'' if value is None else value},{id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _of_cursor(cursor: str, sort: Sort, *, is_down: bool) -> tuple[int | None, str]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        order, value, id = text.split(",", 2)
        if order != f"{'-' if is_down else ''}{sort}":
            raise ValueError(order)
        if len(value) > 18:  # SQLite keeps no number of more digits
            raise ValueError(value)
        return int(value) if value else None, id
    except (ValueError, binascii.Error) as error:
        raise InputError.at(
            "after", "not_a_cursor", "This is no place in the list. Go back to its first page."
        ) from error
