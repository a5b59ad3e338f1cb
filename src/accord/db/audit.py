"""What was done, and can anybody have changed the record of it?

Entries form chains, one for each writer, so that no head is a lock shared by all:

    C   = H(salt, subject, personal)            empty when there is no personal part
    h_0 = H(chain id, when it was started, by whom)
    h_n = H(h_(n-1), moment, type, body, C)     H = SHA-256 over parts that each carry their length

An edit, a swap or a missing entry breaks the chain at that place. A chain alone cannot show that its end, or all of
it, was removed, or that somebody computed it anew from some entry on: `audit_checkpoints` finds these, back to the last
checkpoint. Erasing a person removes salt, subject and personal part; C stays, so the chain still verifies, and an entry
`PersonalErased` says which ones are meant to be empty.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Literal

import msgspec

from accord.db.chains import Chain
from accord.db.schema import audit as audit_table
from accord.db.schema import audit_chain as chain_table
from accord.db.tx import Outcome, Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical
from accord.kit.ids import new_id

ERASED = "PersonalErased"
_SALT_BYTES = 16

What = Literal[
    "entry_changed",  # its hash is not that of what it says and of the entry before it
    "entry_missing",  # a gap in the numbers
    "personal_changed",  # the personal part is not the one that was committed to
    "personal_missing",  # the personal part is gone, and no erasure says so
    "chain_empty",  # a chain was started and has no entries
    "chain_unknown",  # entries of a chain that was never started
    "end_missing",  # a checkpoint saw more entries
    "chain_missing",  # a checkpoint saw a chain that is not there
    "head_changed",  # a checkpoint saw another hash there
    "checkpoint_changed",  # it was not signed with this key, or not as it stands
    "checkpoint_missing",  # a gap in the numbers
]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One thing that was done."""

    type: str  # past participle: "PromiseCommitted"
    body: bytes  # canonical JSON: ids, quantities, dates; nothing that identifies a person
    personal: bytes | None = None  # what identifies a person, apart, so that it can be erased
    subject: str | None = None  # the id of whom the personal part is about


class Finding(msgspec.Struct, frozen=True):
    """One place where the record is not what was written."""

    what: What
    chain_id: str
    seq: int  # the entry's, or the checkpoint's
    detail: str = ""


class _Erasure(msgspec.Struct, frozen=True):
    entries: tuple[tuple[str, int], ...]


def genesis(chain_id: str, started_at: Instant, writer: str) -> str:
    """The hash before a chain's first entry."""
    return sha256(f"chain:{chain_id}:{started_at}:{writer}".encode()).hexdigest()


def entry_hash(before: str, at: int, type: str, body: bytes, commitment: str) -> str:
    """The hash of an entry, given the hash of the entry before it."""
    kind = type.encode()
    # Lengths keep one part from running into the next; the other parts have a fixed length.
    head = f"{before}{commitment or '-'}{at},{len(kind)},{len(body)}:".encode()
    return sha256(head + kind + body).hexdigest()


def commitment_of(salt: bytes, subject: str, personal: bytes) -> str:
    """What an entry's hash covers in place of its personal part."""
    name = subject.encode()
    return sha256(b"%d,%d:%b%b%b" % (len(salt), len(name), salt, name, personal)).hexdigest()


def append(tx: Tx, entries: Sequence[Entry], *, at: Instant | None = None) -> None:
    """Add entries to the chain of this transaction; they are there if and only if it commits.

    `at` saves asking the store's clock once more.
    """
    if not entries:
        return
    at = tx.now() if at is None else at
    chain = _chain_of(tx, at)
    salts = os.urandom(_SALT_BYTES * len(entries))
    rows = []
    seq, head = chain.seq, chain.hash
    for index, entry in enumerate(entries):
        commitment, salt = "", None
        if entry.personal is not None:
            salt = salts[index * _SALT_BYTES : (index + 1) * _SALT_BYTES]
            commitment = commitment_of(salt, entry.subject or "", entry.personal)
        seq += 1
        head = entry_hash(head, at, entry.type, entry.body, commitment)
        subject = entry.subject if entry.personal is not None else None
        rows.append(
            (chain.id, seq, at, entry.type, entry.body, commitment, subject, salt, entry.personal, head)
        )
    tx.insert(audit_table, rows)
    chain.seq, chain.hash = seq, head


def _chain_of(tx: Tx, at: int) -> Chain:
    """The chain that this transaction writes to: borrowed at its first entry, given back at its end."""
    if tx.chain is not None:
        return tx.chain
    chains = tx.database.chains
    kept = chains.borrow()
    if kept is None:
        id = new_id("cha")
        writer = f"{socket.gethostname()}:{os.getpid()}"
        tx.insert(chain_table, [(id, at, writer)])
        chain = Chain(id, 0, genesis(id, at, writer))
    else:
        chain = Chain(kept.id, kept.seq, kept.hash)

    def give_back(outcome: Outcome) -> None:
        if outcome == "committed":
            chains.give_back(chain)
        elif outcome == "rolled_back" and kept is not None:
            chains.give_back(kept)  # a lost transaction does not move the head
        # When nobody knows, the chain is left as it is and a new one is started.

    tx.when_over(give_back)
    tx.chain = chain
    return chain


def erase_personal(tx: Tx, subject: str) -> int:
    """Remove every personal part about `subject`, and record that. Returns how many.

    On SQLite freed space is overwritten, but copies stay in the write-ahead log until `Database.scrub`, on PostgreSQL
    until VACUUM; backups keep what they hold.
    """
    # The entries about the subject that still have their personal part, through the partial index on subject.
    found = tx.rows(
        "SELECT chain_id, seq FROM audit WHERE subject = :subject AND personal IS NOT NULL ORDER BY chain_id, seq",
        subject=subject,
    )
    if not found:
        return 0
    # The same entries lose what identifies the person; commitment and hash stay.
    count = tx.execute(
        "UPDATE audit SET salt = NULL, personal = NULL, subject = NULL"
        " WHERE subject = :subject AND personal IS NOT NULL",
        subject=subject,
    )
    append(tx, [Entry(ERASED, canonical(_Erasure(tuple((chain, seq) for chain, seq in found))))])
    return count


# --- verifying ---


def verify_chains(tx: Tx, on_progress: Callable[[int], None] | None = None) -> list[Finding]:
    """Read every entry of every chain, in one snapshot, and recompute it; nothing found means nothing was changed.

    `on_progress` is told how many entries are done, every 10,000.
    """
    # Every chain that was started, with the hash before its first entry.
    started = {
        id: genesis(id, started_at, writer)
        for id, started_at, writer in tx.rows("SELECT id, started_at, writer FROM audit_chain")
    }
    findings: list[Finding] = []
    empty: set[tuple[str, int]] = set()  # entries whose personal part is gone
    erased: set[tuple[str, int]] = set()
    seen: set[str] = set()
    done = 0
    chain, last, head = "", 0, ""
    # Every entry in the order of its chain: the primary key's order, read in pieces.
    for piece in tx.stream(
        "SELECT chain_id, seq, at, type, body, commitment, hash, personal, salt, subject"
        " FROM audit ORDER BY chain_id, seq"
    ):
        for chain_id, seq, at, type, body, commitment, stored, personal, salt, subject in piece:
            if chain_id != chain:
                # Of a chain that was never started, the first entry cannot be judged: the chain is what is found.
                chain, last, head = chain_id, 0, started.get(chain_id, "")
                seen.add(chain)
            if not isinstance(seq, int):
                findings.append(Finding("entry_changed", chain, last + 1, "its number is no number"))
                continue
            if seq != last + 1:
                findings.append(
                    Finding("entry_missing", chain, last + 1, f"{seq - last - 1} entries before {seq}")
                )
                # Its predecessor is gone, so its own hash cannot be judged; the next one can.
            elif head and not _is_hash(stored, head, at, type, body, commitment):
                findings.append(Finding("entry_changed", chain, seq))
            last, head = seq, stored
            if commitment and personal is None:
                empty.add((chain, seq))
            elif personal is not None and not _is_commitment(commitment, salt, subject or "", personal):
                findings.append(Finding("personal_changed", chain, seq))
            if personal is None and not (salt is None and subject is None):
                findings.append(Finding("personal_changed", chain, seq, "it says of whom, and nothing else"))
            if type == ERASED:
                erased.update(_erased_by(body))
        done += len(piece)
        if on_progress is not None:
            on_progress(done)
    findings += [Finding("personal_missing", *entry) for entry in sorted(empty - erased)]
    findings += [
        Finding("personal_changed", *entry, "it was erased, and is there again")
        for entry in _with_personal(tx, sorted(erased - empty))
    ]
    findings += [Finding("chain_empty", id, 0) for id in sorted(started.keys() - seen)]
    findings += [Finding("chain_unknown", id, 0) for id in sorted(seen - started.keys())]
    return findings


def _with_personal(tx: Tx, entries: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Which of these entries have a personal part."""
    # These entries, by primary key.
    return [
        (chain, seq)
        for chain, seq in tx.rows_of(
            "SELECT a.chain_id, a.seq FROM (:rows) AS given JOIN audit a"
            " ON a.chain_id = given.chain_id AND a.seq = given.seq WHERE a.personal IS NOT NULL",
            audit_table,
            ("chain_id", "seq"),
            entries,
        )
    ]


def _is_hash(stored: str, before: str, at: int, type: str, body: bytes, commitment: str) -> bool:
    try:
        return entry_hash(before, at, type, body, commitment) == stored
    except (TypeError, AttributeError):
        return False  # SQLite lets somebody put text where bytes belong


def _is_commitment(stored: str, salt: bytes, subject: str, personal: bytes) -> bool:
    try:
        return commitment_of(salt, subject, personal) == stored
    except (TypeError, AttributeError):
        return False


def _erased_by(body: bytes) -> Iterator[tuple[str, int]]:
    try:
        yield from msgspec.json.decode(body, type=_Erasure).entries
    except (msgspec.DecodeError, TypeError):
        return  # it was tampered with, which its hash says
