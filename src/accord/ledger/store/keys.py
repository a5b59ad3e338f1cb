"""How are keys locked, read and written?"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec

from accord.db.engine import Database
from accord.db.failures import Retry
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Fault
from accord.ledger.model import Profile, kind_of_key, limit_key, node_key
from accord.ledger.store.tables import key as key_table

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Profile).decode

# Keys known to have a row, which is never deleted: saves the batch a read before it locks.
_known: WeakKeyDictionary[Database, set[str]] = WeakKeyDictionary()


class KeyRow(msgspec.Struct, frozen=True):
    """One key as the database has it."""

    profile: Profile
    lowest: int


def lock(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
    """The profiles of these keys, locked until the transaction ends, in key order; missing keys are made.

    Raises: Retry when a key that was there is not (a transaction that made it was rolled back).
    """
    ordered = sorted(set(keys))
    if not ordered:
        return {}
    known = _known.setdefault(tx.database, set())
    made: list[str] = []
    if not known.issuperset(ordered):
        made = _make_missing(tx, ordered)
    found = _locked(tx, ordered)
    profiles = {key: _decode(packed) if packed else Profile(key=key) for key, packed in found}
    if len(profiles) < len(ordered):
        known.difference_update(ordered)
        raise Retry("a key was made by a transaction that was lost")
    if made:
        write_keys(tx, [(profiles[key], 0) for key in made])
    else:
        known.update(ordered)
    return profiles


def _locked(tx: Tx, ordered: list[str]) -> list[tuple[str, bytes]]:
    """The rows of these keys, locked one after the other in key order: two batches that share keys wait for each other,
    and never in a circle."""
    if tx.database.is_sharded:
        # One row, by primary key, a statement each: no statement may lock rows of several shards.
        single = "SELECT key, profile FROM ledger_key WHERE key = :key FOR UPDATE"
        return [(key, packed) for one in ordered for key, packed in tx.rows(single, key=one)]
    # These rows, by primary key.
    found = tx.rows_in(
        "SELECT key, profile FROM ledger_key WHERE key IN (:keys) ORDER BY key FOR UPDATE", ordered
    )
    return [(key, packed) for key, packed in found]


def _make_missing(tx: Tx, ordered: list[str]) -> list[str]:
    """Insert the rows that are not there yet, empty; which ones this transaction made."""
    # Which of them there are, by primary key; nothing is locked yet, so that all locks are taken in key order later.
    there = {
        key for (key,) in tx.rows_in("SELECT key FROM ledger_key WHERE key IN (:keys) ORDER BY key", ordered)
    }
    missing = [(key, kind_of_key(key).value) for key in ordered if key not in there]
    if not missing:
        return []
    # New rows in key order; one that another transaction is just making is waited for and left as it is.
    made = tx.rows_of(
        "INSERT INTO ledger_key (key, kind, version, profile, lowest, shortfall_max, next_expiry_at, rolled_to, latest_at)"
        " SELECT key, kind, 0, :empty, 0, 0, NULL, 0, 0 FROM (:rows) AS given WHERE true"
        " ON CONFLICT (key) DO NOTHING RETURNING key",
        key_table,
        ("key", "kind"),
        missing,
        empty=b"",
    )
    return [key for (key,) in made]


def read(tx: Tx, keys: Sequence[str]) -> dict[str, Profile]:
    """The profiles of these keys as they are; a key without a row has an empty one."""
    # These rows, by primary key.
    found = tx.rows_in(
        "SELECT key, profile FROM ledger_key WHERE key IN (:keys) ORDER BY key", sorted(set(keys))
    )
    profiles = {key: _decode(packed) for key, packed in found}
    return {key: profiles.get(key) or Profile(key=key) for key in keys}


def read_rows(tx: Tx, keys: Sequence[str]) -> dict[str, KeyRow]:
    """The rows of these keys that are there."""
    # These rows, by primary key.
    found = tx.rows_in(
        "SELECT key, profile, lowest FROM ledger_key WHERE key IN (:keys) ORDER BY key", sorted(set(keys))
    )
    return {key: KeyRow(_decode(packed), lowest) for key, packed, lowest in found}


def write_keys(tx: Tx, rows: Sequence[tuple[Profile, int]]) -> None:
    """Write profiles with their lowest projection; the database refuses one that is not covered."""
    # These rows, by primary key.
    tx.update_many(
        key_table,
        ("key",),
        ("version", "profile", "lowest", "shortfall_max", "next_expiry_at", "rolled_to", "latest_at"),
        [
            (
                profile.key,
                profile.version,
                _encode(profile),
                lowest,
                profile.shortfall_max,
                profile.next_expiry_at,
                profile.rolled_to,
                profile.latest_at,
            )
            for profile, lowest in rows
        ],
    )


def short_keys(tx: Tx) -> list[str]:
    """Keys that supply news has pushed below zero, in key order."""
    # One scan of the table: asked once before much work, and no write pays for an index.
    return [key for (key,) in tx.rows("SELECT key FROM ledger_key WHERE shortfall_max > 0 ORDER BY key")]


def every_key(tx: Tx, after: str, limit: int) -> list[tuple[Profile, int]]:
    """Profiles and their lowest projection in key order, from the key after `after` on. Raises: Fault."""
    # A stretch of the primary key.
    found = tx.rows(
        "SELECT key, profile, lowest FROM ledger_key WHERE key > :after ORDER BY key LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [(profile_of(key, packed), lowest) for key, packed, lowest in found]


def profile_of(key: str, packed: bytes) -> Profile:
    """The profile in a row. Raises: Fault when it is none, or another key's: somebody changed it."""
    try:
        profile = _decode(packed) if packed else Profile(key=key)
    except (msgspec.DecodeError, TypeError) as error:
        raise Fault(f"the profile of {key} cannot be read") from error
    if profile.key != key:
        raise Fault(f"the profile of {key} is that of {profile.key}")
    return profile


def unreadable_keys(tx: Tx) -> list[str]:
    """Keys whose profile was changed to what is no profile of theirs; a scan, for the search after damage."""
    found = []
    # Every key in order, by primary key, read in pieces.
    for piece in tx.stream("SELECT key, profile FROM ledger_key ORDER BY key"):
        for key, packed in piece:
            try:
                profile_of(key, packed)
            except Fault:
                found.append(key)
    return found


def keys_of_limits(tx: Tx, limits: Sequence[str]) -> list[str]:
    """The keys there are of these cumulative limits, in key order."""
    found: list[str] = []
    for limit in sorted(set(limits)):
        first = limit_key(limit, "", "")[:-1]  # up to the colon behind the limit's own name
        # A stretch of the primary key: ";" is what follows ":".
        rows = tx.rows(
            "SELECT key FROM ledger_key WHERE key >= :first AND key < :last ORDER BY key",
            first=first,
            last=first[:-1] + ";",
        )
        found += [key for (key,) in rows]
    return sorted(found)


def hold_graph(tx: Tx, keys: Sequence[str]) -> None:
    """Where one of these is a new key of a cumulative limit, let nobody change the limits before this transaction ends.

    Whoever changes limits looks for their keys: a key that is being made would be missed.
    """
    known = _known.get(tx.database, set())
    if any(key.startswith("limit:") and key not in known for key in keys):
        # One row of the settings, by primary key; whoever changes master data waits for it.
        tx.rows("SELECT value FROM setting WHERE name = 'graph_version' FOR SHARE")


def keys_expiring(tx: Tx, now: Instant, limit: int) -> list[str]:
    """Keys on which a hold is over, for tidying; through the partial index on next_expiry_at."""
    found = tx.rows(
        "SELECT key FROM ledger_key WHERE next_expiry_at <= :now ORDER BY next_expiry_at, key LIMIT :limit",
        now=now,
        limit=limit,
    )
    return [key for (key,) in found]


def keys_to_roll(tx: Tx, day: int, after: str, limit: int) -> list[str]:
    """Keys last judged before a day, in key order, from the key after `after` on; a scan along the primary key."""
    found = tx.rows(
        "SELECT key FROM ledger_key WHERE key > :after AND rolled_to < :day ORDER BY key LIMIT :limit",
        after=after,
        day=day,
        limit=limit,
    )
    return [key for (key,) in found]


def items_in_use(tx: Tx, items: Sequence[str]) -> set[str]:
    """Which of these items have supply, draws or commitments at any site."""
    found: set[str] = set()
    for item in sorted(set(items)):
        first = node_key(item, "")  # up to the "@" behind the item's own name
        for table in ("ledger_supply", "ledger_draw", "ledger_commitment"):
            # The first row of a stretch of the partial index on key and id: "A" is what follows "@".
            rows = tx.rows(
                f"SELECT 1 FROM {table} WHERE key >= :first AND key < :last AND version_to IS NULL LIMIT 1",  # noqa: S608 - our own names
                first=first,
                last=first[:-1] + "A",
            )
            if rows:
                found.add(item)
                break
    return found


def keys_in_use(tx: Tx) -> list[str]:
    """Keys with supply or draws in force, in key order; a scan of both partial indexes, to undo master data."""
    found = tx.rows(
        "SELECT key FROM ledger_supply WHERE version_to IS NULL UNION SELECT key FROM ledger_draw WHERE version_to IS NULL"
        " ORDER BY key"
    )
    return [key for (key,) in found]
