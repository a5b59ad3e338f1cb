"""Tampering: somebody who may write the database but has not the key changes the record of what was done. Is it found?

Each tampering is done in a transaction of its own, looked at there by what `accord verify --exported` runs, and undone.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from accord.db import audit, audit_checkpoints, audit_keys, proof
from accord.db.audit import Entry
from accord.db.audit_checkpoints import Checkpoint
from accord.db.engine import Database
from accord.db.tx import Tx
from prove.grounds import ENGINES, fresh, opened, showing
from prove.model import Outcome, Piece, Say, Sizes

CHAINS = 3
ENTRIES = 24  # of each chain, seen by the exported checkpoint; some more came after it
_COLUMNS = 'chain_id, seq, "at", type, body, commitment, subject, salt, personal, hash'
Row = tuple[Any, ...]


class _Undo(Exception):
    """The transaction is not kept."""


class _Record:
    """The record as it was when the last checkpoint was exported, for somebody to choose a place in it."""

    def __init__(self, tx: Tx, chance: random.Random) -> None:
        self.tx = tx
        self.chance = chance
        # What checkpoints saw: the first entries of each chain.
        self.rows: list[Row] = tx.rows(
            f"SELECT {_COLUMNS} FROM audit WHERE seq <= :most ORDER BY chain_id, seq", most=ENTRIES
        )

    def one(self, where: Callable[[Row], bool] = lambda _row: True) -> Row:
        return self.chance.choice([row for row in self.rows if where(row)])

    def set(self, row: Row, **values: Any) -> None:
        named = ", ".join(f'"{name}" = :{name}' for name in values)
        changed = self.tx.execute(
            f"UPDATE audit SET {named} WHERE chain_id = :chain AND seq = :number", chain=row[0], number=row[1], **values
        )  # fmt: skip
        assert changed == 1

    def remove(self, chain: str, first: int, last: int) -> None:
        self.tx.execute(
            "DELETE FROM audit WHERE chain_id = :chain AND seq BETWEEN :first AND :last",
            chain=chain,
            first=first,
            last=last,
        )

    def move(self, chain: str, first: int, by: int) -> None:
        """All entries of a chain from one on get other numbers."""
        for sign in ("-seq", "-seq + :by"):
            self.tx.execute(
                f"UPDATE audit SET seq = {sign} WHERE chain_id = :chain AND (seq >= :first OR seq < 0)",
                chain=chain,
                first=first,
                **({"by": by} if "by" in sign else {}),
            )

    def write_anew(self, chain: str, first: int) -> None:
        """Compute every hash of a chain from one entry on."""
        tx = self.tx
        rows = tx.rows(
            f"SELECT {_COLUMNS} FROM audit WHERE chain_id = :chain AND seq >= :first ORDER BY seq",
            chain=chain,
            first=first - 1,
        )
        if first == 1:
            ((started_at, writer),) = tx.rows(
                "SELECT started_at, writer FROM audit_chain WHERE id = :chain", chain=chain
            )
            head = audit.genesis(chain, started_at, writer)
        else:
            head = rows.pop(0)[9]
        for row in rows:
            head = audit.entry_hash(head, row[2], row[3], bytes(row[4]), row[5])
            self.set(row, hash=head)


# --- what is done to it ---


def _flipped(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _a_byte_of_a_body(it: _Record) -> None:
    row = it.one()
    it.set(row, body=_flipped(bytes(row[4]), it.chance))


def _a_number_of_a_body(it: _Record) -> None:
    row = it.one()
    digits = [at for at, byte in enumerate(row[4]) if chr(byte).isdigit()]
    at = it.chance.choice(digits)
    other = str((int(chr(row[4][at])) + it.chance.randint(1, 9)) % 10).encode()
    it.set(row, body=bytes(row[4][:at]) + other + bytes(row[4][at + 1 :]))


def _a_moment(it: _Record) -> None:
    row = it.one()
    it.set(row, at=row[2] + it.chance.choice((-1, 1, 1_000_000, -86_400_000_000)))


def _what_was_done(it: _Record) -> None:
    row = it.one()
    it.set(row, type=it.chance.choice(("PromiseCancelled", row[3] + " ", row[3][:-1])))


def _a_hash(it: _Record) -> None:
    row = it.one()
    at = it.chance.randrange(64)
    it.set(row, hash=row[9][:at] + ("0" if row[9][at] != "0" else "1") + row[9][at + 1 :])


def _two_swapped(it: _Record) -> None:
    one, other = it.chance.sample(it.rows, 2)
    names = ("at", "type", "body", "commitment", "subject", "salt", "personal", "hash")
    for row, values in ((one, other), (other, one)):
        it.set(row, **dict(zip(names, values[2:], strict=True)))


def _one_removed(it: _Record) -> None:
    row = it.one()
    it.remove(row[0], row[1], row[1])


def _one_removed_and_the_rest_closed_up(it: _Record) -> None:
    row = it.one()
    it.remove(row[0], row[1], row[1])
    it.move(row[0], row[1], -1)


def _one_put_in(it: _Record) -> None:
    row, other = it.one(), it.one()
    it.move(row[0], row[1], 1)
    it.tx.execute(
        f"INSERT INTO audit ({_COLUMNS}) SELECT :chain, :seq, \"at\" + 1, type, body, commitment, subject, salt, personal, hash"
        " FROM audit WHERE chain_id = :from_chain AND seq = :from_seq",
        chain=row[0], seq=row[1], from_chain=other[0], from_seq=other[1] + (other[0] == row[0] and other[1] >= row[1]),
    )  # fmt: skip


def _the_end_removed(it: _Record) -> None:
    row = it.one()
    it.remove(row[0], row[1], 10**9)


def _a_chain_removed(it: _Record) -> None:
    row = it.one()
    it.remove(row[0], 1, 10**9)
    it.tx.execute("DELETE FROM audit_chain WHERE id = :chain", chain=row[0])


def _everything_removed(it: _Record) -> None:
    for table in ("audit", "audit_chain", "audit_checkpoint"):
        it.tx.execute(f"DELETE FROM {table}")


def _written_anew(it: _Record) -> None:
    row = it.one()
    _changed_somehow(it, row)
    it.write_anew(row[0], row[1])


def _written_anew_with_other_checkpoints(it: _Record) -> None:
    _written_anew(it)
    it.tx.execute("DELETE FROM audit_checkpoint")
    if it.chance.random() < 0.5:
        for _ in range(it.chance.randint(1, 3)):
            audit_checkpoints.checkpoint(it.tx, b"somebody else's key, 32 bytes ..")


def _the_end_written_anew(it: _Record) -> None:
    row = it.one()
    it.remove(row[0], row[1] + 1, 10**9)
    _changed_somehow(it, row)
    it.write_anew(row[0], row[1])


def _changed_somehow(it: _Record, row: Row) -> None:
    it.chance.choice(
        (
            lambda: it.set(row, body=_flipped(bytes(row[4]), it.chance)),
            lambda: it.set(row, at=row[2] + 1),
            lambda: it.set(row, type="PromiseCancelled"),
        )
    )()


def _who_started_a_chain(it: _Record) -> None:
    what = it.chance.choice(("writer = 'another:1'", "started_at = started_at - 1"))
    it.tx.execute(f"UPDATE audit_chain SET {what} WHERE id = :chain", chain=it.one()[0])


def _a_chain_renamed(it: _Record) -> None:
    chain = it.one()[0]
    for table, name in (("audit", "chain_id"), ("audit_chain", "id")):
        it.tx.execute(f"UPDATE {table} SET {name} = 'cha_other' WHERE {name} = :chain", chain=chain)


def _a_personal_part(it: _Record) -> None:
    row = it.one(lambda row: row[8] is not None)
    change: dict[str, Any] = it.chance.choice(
        (
            {"personal": _flipped(bytes(row[8]), it.chance)},
            {"salt": _flipped(bytes(row[7]), it.chance)},
            {"subject": "somebody else"},
            {"commitment": "0" * 64},
            {"personal": None, "salt": None, "subject": None},
            {"personal": None},
        )
    )
    it.set(row, **change)


def _a_personal_part_made_up(it: _Record) -> None:
    row = it.one(lambda row: row[8] is None)
    change: dict[str, Any] = it.chance.choice(
        ({"personal": b"Eve", "salt": b"s" * 16, "subject": "eve"}, {"subject": "eve"}, {"salt": b"s"})
    )
    it.set(row, **change)


def _a_checkpoint(it: _Record) -> None:
    seq = it.chance.choice([seq for (seq,) in it.tx.rows("SELECT seq FROM audit_checkpoint")])
    what = it.chance.choice(('"at" = "at" + 1', "mac = 'x' || mac", "seq = 77", "body = body_of_another"))
    if "another" in what:
        ((body,),) = it.tx.rows("SELECT body FROM audit_checkpoint WHERE seq = :seq", seq=seq)
        it.tx.execute(
            "UPDATE audit_checkpoint SET body = :body WHERE seq = :seq", body=_flipped(bytes(body), it.chance), seq=seq
        )  # fmt: skip
    else:
        it.tx.execute(f"UPDATE audit_checkpoint SET {what} WHERE seq = :seq", seq=seq)


def _a_checkpoint_removed(it: _Record) -> None:
    least = it.chance.choice([seq for (seq,) in it.tx.rows("SELECT seq FROM audit_checkpoint")])
    most = it.chance.choice((least, 10**9))
    it.tx.execute("DELETE FROM audit_checkpoint WHERE seq BETWEEN :least AND :most", least=least, most=most)


TAMPERINGS: tuple[Callable[[_Record], None], ...] = (
    _a_byte_of_a_body,
    _a_number_of_a_body,
    _a_moment,
    _what_was_done,
    _a_hash,
    _two_swapped,
    _one_removed,
    _one_removed_and_the_rest_closed_up,
    _one_put_in,
    _the_end_removed,
    _a_chain_removed,
    _everything_removed,
    _written_anew,
    _written_anew_with_other_checkpoints,
    _the_end_written_anew,
    _who_started_a_chain,
    _a_chain_renamed,
    _a_personal_part,
    _a_personal_part_made_up,
    _a_checkpoint,
    _a_checkpoint_removed,
)


# --- the record ---


@contextmanager
def _recorded(engine: str) -> Iterator[tuple[Database, list[Checkpoint]]]:
    """A database with a record in several chains, and the checkpoints that were exported."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="accord-prove-")))
        stack.enter_context(mock.patch.dict(os.environ, {audit_keys.SETTING: str(folder / "key")}))
        db = stack.enter_context(opened(stack.enter_context(fresh(engine))))
        exported: list[Checkpoint] = []
        for part in range(3):
            _write(db, part * ENTRIES // 3, (part + 1) * ENTRIES // 3)
            exported.append(proof.sign(db, None))
        _write(db, ENTRIES, ENTRIES + 4)
        yield db, exported


def _write(db: Database, first: int, last: int) -> None:
    chains = [db.chains.borrow() for _ in range(CHAINS)]
    for number in range(CHAINS):
        chain = chains[number]
        if chain is not None:
            db.chains.give_back(chain)
        for n in range(first, last):
            personal = b"Anna Berg" if n % 3 == 1 else None
            body = b'{"decision":"dec_%d","quantity":%d,"request":"k-%d"}' % (number, n * 7, n)
            with db.write() as tx:
                audit.append(tx, [Entry("PromiseCommitted", body, personal, "anna" if personal else None)])
        chains[number] = db.chains.borrow()
    for chain in chains:
        assert chain is not None
        db.chains.give_back(chain)


def _tamper(count: int, seed: int, say: Say) -> Outcome:
    chance = random.Random(seed)
    kinds: Counter[str] = Counter()
    failures: list[str] = []
    for engine in ENGINES:
        half = count // 2 if engine == "sqlite" else count - count // 2
        with _recorded(engine) as (db, exported):
            with db.read() as tx:
                untouched = proof.prove(tx, exported).findings
            if untouched:
                failures.append(f"{engine}: found without tampering: {untouched[:3]}")
            for number in range(half):
                tampering = TAMPERINGS[number % len(TAMPERINGS)]
                kinds[tampering.__name__.strip("_").replace("_", " ")] += 1
                if not _is_found(db, tampering, chance, exported):
                    failures.append(
                        f"seed {seed}, {engine}, tampering {number}: {tampering.__name__} was not found"
                    )
                if number % 1_000 == 999:
                    say(f"  {engine}: {number + 1:,} tamperings, {len(failures)} not found")
    return Outcome(count=count, failures=tuple(failures), facts=dict(kinds))


def _is_found(
    db: Database, tampering: Callable[[_Record], None], chance: random.Random, exported: list[Checkpoint]
) -> bool:
    found = False
    try:
        with db.write() as tx:
            tampering(_Record(tx, chance))
            found = bool(proof.prove(tx, exported).findings)
            raise _Undo
    except _Undo:
        return found


def _tamper_unhashed(seed: int, say: Say) -> Outcome:
    with mock.patch.object(audit, "_is_hash", return_value=True):
        return showing(_tamper(2 * len(TAMPERINGS), seed, say), "was not found")


# --- a million ---

SECONDS_MAX = 10  # for a million entries
_GOES = 3  # at it: whatever else the machine does may slow one down
_AT_ONCE = 10_000


def _million(count: int, seed: int, say: Say) -> Outcome:
    """So many entries on each engine, one of them changed: it is found, and soon."""
    chance = random.Random(seed)
    failures: list[str] = []
    facts: dict[str, int] = {}
    for engine in ENGINES:
        with opened_with_entries(engine, count) as db:
            changed = chance.randint(1, count)
            with db.write() as tx:
                tx.execute('UPDATE audit SET "at" = "at" + 1 WHERE seq = :seq', seq=changed)
            for _ in range(_GOES):
                began = time.perf_counter()
                with db.read() as tx:
                    findings = audit.verify_chains(tx)
                seconds = time.perf_counter() - began
                if seconds <= SECONDS_MAX:
                    break
        facts[f"milliseconds, {engine}"] = round(seconds * 1_000)
        if [(one.what, one.seq) for one in findings] != [("entry_changed", changed)]:
            failures.append(f"seed {seed}, {engine}: entry {changed} was changed, found was {findings[:3]}")
        if seconds > SECONDS_MAX:
            failures.append(f"{engine}: {count:,} entries took {seconds:.1f} s")
        say(f"  {engine}: {count:,} entries in {seconds:.1f} s")
    return Outcome(count=count, failures=tuple(failures), facts=facts)


@contextmanager
def opened_with_entries(engine: str, count: int) -> Iterator[Database]:
    """A database with so many entries as promises leave them."""
    with fresh(engine) as url, opened(url) as db:
        for first in range(0, count, _AT_ONCE):
            rows = [
                Entry(
                    "PromiseCommitted",
                    b'{"actor":"shop","decision":"dec_%026d","digest":"%064d","promise":"prm_%026d","request":"k-%d"}'
                    % (n, n, n, n),
                )
                for n in range(first, min(count, first + _AT_ONCE))
            ]
            with db.write() as tx:
                audit.append(tx, rows)
        yield db


def _million_unhashed(seed: int, say: Say) -> Outcome:
    with mock.patch.object(audit, "_is_hash", return_value=True):
        return showing(_million(1_000, seed, say), "was changed")


PIECES = (
    Piece(
        id="S16-tampering",
        claim="Whatever somebody changes in the record of what was done is found, back to the last exported checkpoint.",
        fault="A byte of a body, a moment, a hash, two entries swapped, entries removed, put in or written anew with all hashes after them, the end cut, a chain or everything removed, personal parts and checkpoints changed; half of it on each engine.",
        unit="tamperings",
        sizes=Sizes(test=126, prove=10_000, release=100_000),
        chunk=5_000,
        run=_tamper,
        control=_tamper_unhashed,
        control_words="The auditor does not compare the hash of an entry with what it says.",
        not_covered="What came after the last exported checkpoint may be removed, or written anew by somebody who computes the hashes; and somebody who has the key may sign anything.",
    ),
    Piece(
        id="S16-million",
        claim="A million entries are verified within 10 seconds on each engine, and the one that was changed is found.",
        fault="The moment of one entry is changed by a microsecond.",
        unit="entries",
        sizes=Sizes(test=5_000, prove=1_000_000, release=1_000_000),
        chunk=1_000_000,
        run=_million,
        control=_million_unhashed,
        control_words="The auditor does not compare the hash of an entry with what it says.",
    ),
)
