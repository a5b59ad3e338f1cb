"""What do people look at? Reads over many keys, or over what is past."""

from __future__ import annotations

import msgspec

from accord.db.tx import Tx
from accord.kit.days import Day, Instant
from accord.ledger.model import Kind, Profile
from accord.ledger.store.keys import profile_of

_HISTORY_MAX = 500  # rows of one node; older ones say little about how receipts keep their day now
_BODY_MAX = 65_536  # bytes of news that are read to see how long it was on its way


class Past(msgspec.Struct, frozen=True, gc=False):
    """One version of a receipt."""

    id: str
    due_on: Day
    on: Day
    counts: str
    is_over: bool  # not in force any more


def nodes(tx: Tx, limit: int) -> list[Profile]:
    """Nodes in key order, at most so many. Raises: Fault."""
    # A stretch of the primary key: ";" is what follows ":".
    found = tx.rows(
        "SELECT key, profile FROM ledger_key WHERE key >= :first AND key < :last ORDER BY key LIMIT :limit",
        first=f"{Kind.node.value}:",
        last=f"{Kind.node.value};",
        limit=limit,
    )
    return [profile_of(key, packed) for key, packed in found]


def open_exception_counts(tx: Tx) -> dict[str, int]:
    """How many exceptions are open at each node that has any."""
    # The partial unique index on key and commitment alone: as many rows as are open.
    return dict(tx.rows("SELECT key, count(*) FROM ledger_exception WHERE closed_at IS NULL GROUP BY key"))


class Heard(msgspec.Struct, frozen=True):
    """One kind of news of one source."""

    actor: str
    kind: str
    at: Instant  # when the latest came
    lately: int  # how many came since a moment
    body: bytes | None  # of the latest; None where it is large


def heard(tx: Tx, since: Instant) -> list[Heard]:
    """The latest news of each source and kind, by source and kind, however long ago."""
    found: list[Heard] = []
    actor, kind = "", ""
    while True:
        # One step into the index on actor, kind and moment: the next pair, of which there are a few.
        pair = tx.rows(
            "SELECT actor, kind FROM ledger_cause WHERE (actor, kind) > (:actor, :kind) ORDER BY actor, kind LIMIT 1",
            actor=actor,
            kind=kind,
        )
        if not pair:
            return found
        ((actor, kind),) = pair
        # The end of that pair's stretch of the same index.
        ((at, body),) = tx.rows(
            "SELECT at, CASE WHEN length(body) <= :most THEN body END FROM ledger_cause"
            " WHERE actor = :actor AND kind = :kind ORDER BY at DESC LIMIT 1",
            actor=actor,
            kind=kind,
            most=_BODY_MAX,
        )
        # The rest of that stretch.
        ((lately,),) = tx.rows(
            "SELECT count(*) FROM ledger_cause WHERE actor = :actor AND kind = :kind AND at > :since",
            actor=actor,
            kind=kind,
            since=since,
        )
        found.append(Heard(actor, kind, at, lately, None if body is None else bytes(body)))


def receipts_of_the_past(tx: Tx, key: str) -> list[Past]:
    """Versions of a node's receipts, by id and the oldest first, of those that changed last."""
    # A stretch of the primary key, the latest versions of it.
    found = tx.rows(
        "SELECT id, COALESCE(due_on, on_day), on_day, counts, version_to, version_from FROM ledger_supply"
        " WHERE key = :key AND kind <> 'on_hand' ORDER BY version_from DESC, id LIMIT :limit",
        key=key,
        limit=_HISTORY_MAX,
    )
    rows = sorted(found, key=lambda row: (row[0], row[5]))
    return [Past(id, due, on, why, until is not None) for id, due, on, why, until, _since in rows]
