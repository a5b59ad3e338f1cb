"""Can anybody have removed the end of the record, or written it anew?

A checkpoint lists the head and the number of entries of every chain, names the checkpoint before it, and is signed
with a key (HMAC-SHA256). What this protects, plainly: whoever can change the database but cannot read the key cannot
remove or rewrite what a checkpoint saw without being found. It does not protect against somebody who holds the key,
nor what came after the last checkpoint; and the last checkpoints themselves can be removed from the database, so
export each one to where the database's owner cannot write, and check against the export.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from accord.db.audit import Finding
from accord.db.failures import ConstraintBroken, Retry
from accord.db.schema import audit as audit_table
from accord.db.schema import audit_checkpoint as checkpoint_table
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical
from accord.kit.errors import InputError

_KEY_BYTES = 32


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The last entry of a chain; entries are numbered from 1 without gaps, so `seq` is also their count."""

    chain_id: str
    seq: int
    hash: str


class _Body(msgspec.Struct, frozen=True):
    seq: int
    at: Instant
    before: str  # the mac of the checkpoint before it, "" for the first
    heads: tuple[Head, ...]


class Checkpoint(msgspec.Struct, frozen=True):
    """A signed list of all heads, as it is exported."""

    seq: int
    at: Instant
    body: bytes  # canonical JSON
    mac: str


def load_key(path: Path, *, create: bool = False) -> bytes:
    """The key in a file of 64 hexadecimal digits, made when it is not there and `create` says so, its owner's only.

    Raises: InputError when there is no such file, or it holds no key.
    """
    try:
        if create and not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
        key = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise InputError.at("key", "no_key", f"{path} holds no key for the audit: {error}") from error
    if len(key) != _KEY_BYTES:
        raise InputError.at(
            "key", "no_key", f"{path} holds no key for the audit: 64 hexadecimal digits are needed."
        )
    return key


def checkpoint(tx: Tx, key: bytes) -> Checkpoint:
    """Sign the heads of all chains as they are in this transaction, and keep that.

    Raises: Retry when another transaction makes one at the same time.
    """
    # The last checkpoint, by primary key.
    last = tx.rows("SELECT seq, mac FROM audit_checkpoint ORDER BY seq DESC LIMIT 1")
    seq, before = (last[0][0] + 1, last[0][1]) if last else (1, "")
    at = tx.now()
    body = canonical(_Body(seq, at, before, heads(tx)))
    made = Checkpoint(seq, at, body, _sign(key, body).decode())
    try:
        tx.insert(checkpoint_table, [(made.seq, made.at, made.body, made.mac)])
    except ConstraintBroken as broken:
        raise Retry("another transaction made a checkpoint") from broken
    return made


def heads(tx: Tx) -> tuple[Head, ...]:
    """The last entry of every chain that was started, in the order of their ids."""
    # One look-up a chain at the end of its stretch of the primary key; chains without entries do not appear.
    found = tx.rows(
        "SELECT a.chain_id, a.seq, a.hash FROM audit_chain c JOIN audit a ON a.chain_id = c.id"
        " AND a.seq = (SELECT max(b.seq) FROM audit b WHERE b.chain_id = c.id) ORDER BY a.chain_id"
    )
    return tuple(Head(*row) for row in found)


def last(tx: Tx) -> Checkpoint | None:
    """The last checkpoint, None when there is none; whether it is genuine is not asked."""
    # One row at the end of the primary key.
    found = tx.rows("SELECT seq, at, body, mac FROM audit_checkpoint ORDER BY seq DESC LIMIT 1")
    return Checkpoint(*found[0]) if found else None


def last_heads(tx: Tx) -> tuple[Head, ...] | None:
    """What the last checkpoint saw, None when there is none, nothing when it cannot be read."""
    made = last(tx)
    try:
        return msgspec.json.decode(made.body, type=_Body).heads if made is not None else None
    except (msgspec.DecodeError, TypeError):
        return ()


def check_checkpoint(tx: Tx, known: Checkpoint, key: bytes) -> list[Finding]:
    """Whether everything that one checkpoint saw is still there, unchanged: for one that was exported."""
    body = _genuine(known, key)
    if body is None:
        return [Finding("checkpoint_changed", "", known.seq)]
    return _check_heads(tx, {(head.chain_id, head.seq): head.hash for head in body.heads})


def still_there(tx: Tx, known: Checkpoint) -> list[Finding]:
    """Whether the database has a checkpoint that was exported, as it was exported."""
    # One row by primary key.
    found = tx.rows("SELECT seq, at, body, mac FROM audit_checkpoint WHERE seq = :seq", seq=known.seq)
    if not found:
        return [Finding("checkpoint_missing", "", known.seq)]
    return [] if Checkpoint(*found[0]) == known else [Finding("checkpoint_changed", "", known.seq)]


def check_checkpoints(tx: Tx, key: bytes) -> list[Finding]:
    """Whether every checkpoint in the database is genuine and follows the one before it, and what all of them saw."""
    findings: list[Finding] = []
    seen: dict[tuple[str, int], str] = {}
    before, last = "", 0
    # Every checkpoint in order, by primary key.
    for piece in tx.stream("SELECT seq, at, body, mac FROM audit_checkpoint ORDER BY seq"):
        for row in piece:
            known = Checkpoint(*row)
            body = _genuine(known, key)
            if known.seq != last + 1:
                findings.append(
                    Finding("checkpoint_missing", "", last + 1, f"{known.seq - last - 1} before {known.seq}")
                )
            elif body is not None and body.before != before:
                body = None
            if body is None:
                findings.append(Finding("checkpoint_changed", "", known.seq))
            else:
                seen.update({(head.chain_id, head.seq): head.hash for head in body.heads})
            last, before = known.seq, known.mac
    return findings + _check_heads(tx, seen)


def _genuine(known: Checkpoint, key: bytes) -> _Body | None:
    """What a checkpoint says, or None when it was not signed with this key as it stands."""
    if not isinstance(known.body, bytes) or not hmac.compare_digest(
        _sign(key, known.body), str(known.mac).encode()
    ):
        return None
    body = msgspec.json.decode(known.body, type=_Body)
    return body if (body.seq, body.at) == (known.seq, known.at) else None


def _check_heads(tx: Tx, seen: Mapping[tuple[str, int], str]) -> list[Finding]:
    """What is not there any more as it was seen."""
    if not seen:
        return []
    reached: dict[str, int] = {}
    for chain_id, seq in seen:
        reached[chain_id] = max(seq, reached.get(chain_id, 0))
    # How far each of these chains reaches now; by primary key.
    ends: dict[str, int] = dict(
        tx.rows_in(
            "SELECT chain_id, max(seq) FROM audit WHERE chain_id IN (:keys) GROUP BY chain_id", list(reached)
        )
    )
    # The hashes that are now where heads were seen; by primary key.
    now = tx.rows_of(
        "SELECT a.chain_id, a.seq, a.hash FROM (:rows) AS seen"
        " JOIN audit a ON a.chain_id = seen.chain_id AND a.seq = seen.seq",
        audit_table,
        ("chain_id", "seq"),
        list(seen),
    )
    hashes = {(chain_id, seq): stored for chain_id, seq, stored in now}
    findings = []
    for chain_id, seq in sorted(reached.items()):
        end = ends.get(chain_id, 0)
        if end == 0:
            findings.append(Finding("chain_missing", chain_id, 1, f"{seq} entries"))
        elif end < seq:
            findings.append(Finding("end_missing", chain_id, end + 1, f"{seq - end} entries"))
    # A head that is not there at all lies behind an end or in a gap, which is found as such.
    findings += [
        Finding("head_changed", *place)
        for place in sorted(seen)
        if place in hashes and hashes[place] != seen[place]
    ]
    return findings


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, sha256).hexdigest().encode()
