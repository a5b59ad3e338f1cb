"""Which promises have a number that begins like this?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from accord.db.made_by import made_by
from accord.db.tx import Tx
from accord.promise.model import Promise

_unpack = msgspec.msgpack.Decoder(Promise).decode
_LAST = "\U0010ffff"  # behind every other character


def promises_numbered(
    tx: Tx, beginning: str, limit: int, actors: Iterable[str] | None = None
) -> list[Promise]:
    """Promises whose order or quote number begins so, in the order of the numbers; `actors`: only what these made."""
    by, named = made_by(actors)
    # A stretch of the partial index on ref.
    found = tx.rows(
        "SELECT body FROM promise WHERE in_force AND ref >= :first AND ref < :last"  # noqa: S608 - our own words
        + "".join(f" AND {one}" for one in by)
        + " ORDER BY ref, made_at DESC, id DESC LIMIT :limit",
        first=beginning,
        last=beginning + _LAST,
        limit=limit,
        **named,
    )
    return [_unpack(body) for (body,) in found]
