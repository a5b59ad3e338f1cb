"""Is the record of what was done whole, as far as anybody can tell? The chains, and the checkpoints that saw them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from accord.db import audit, audit_checkpoints, audit_keys
from accord.db.audit import Finding
from accord.db.audit_checkpoints import Checkpoint
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.errors import InputError


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and how much was looked at."""

    findings: tuple[Finding, ...]
    entries: int
    checkpoints: int  # those in the database, and those given
    unchecked: str = ""  # why checkpoints could not be checked; empty when they were, or there are none


def prove(
    tx: Tx, exported: Sequence[Checkpoint] = (), on_progress: Callable[[int], None] | None = None
) -> Proof:
    """Check every chain, and, where there is a key, every checkpoint in the database and every one given.

    `on_progress` is told how many more entries are done. Raises: InputError when the key cannot be used, or is not there
    although checkpoints are given.
    """
    entries = 0

    def count(done: int) -> None:
        nonlocal entries
        if on_progress is not None:
            on_progress(done - entries)
        entries = done

    findings = audit.verify_chains(tx, count)
    kept = int(tx.rows("SELECT count(*) FROM audit_checkpoint")[0][0])
    key = audit_keys.checking_key(tx.database)
    if key is None:
        if exported:
            raise InputError.at("key", "no_key", f"Checkpoints cannot be checked: {_no_key(tx.database)}.")
        unchecked = _no_key(tx.database) if kept else ""
        return Proof(findings=tuple(findings), entries=entries, checkpoints=kept, unchecked=unchecked)
    findings += audit_checkpoints.check_checkpoints(tx, key)
    for one in exported:
        found = [*audit_checkpoints.check_checkpoint(tx, one, key), *audit_checkpoints.still_there(tx, one)]
        findings += [new for new in found if new not in findings]
    return Proof(findings=tuple(findings), entries=entries, checkpoints=kept + len(exported))


def _no_key(db: Database) -> str:
    path = audit_keys.key_path(db)
    if path is None:
        return f"no key is named with {audit_keys.SETTING}"
    return f"the key {path} is not there"


# --- checkpoints kept elsewhere ---


def sign(db: Database, path: Path | None) -> Checkpoint:
    """Make a checkpoint, or take the last one where nothing is new, and add it to a file.

    Raises: InputError where there is no key, nothing to sign, or the file cannot be written.
    """
    if audit_keys.key_path(db) is None:
        raise InputError.at("key", "no_key", f"The audit cannot be signed: {_no_key(db)}.")
    made = audit_keys.keep(db)
    if made is None:
        with db.read() as tx:
            made = audit_checkpoints.last(tx)
    if made is None:
        raise InputError.at(
            "db", "nothing_to_sign", "Nothing was done in this database yet: there is nothing to sign."
        )
    if path is not None:
        export(made, path)
    return made


def export(checkpoint: Checkpoint, path: Path) -> None:
    """Add a checkpoint to a file, a line each. Raises: InputError when the file cannot be written."""
    try:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(checkpoint) + b"\n")
    except OSError as error:
        raise InputError.at("path", "cannot_write", f"{path} cannot be written: {error.strerror}.") from error


def exported(path: Path) -> list[Checkpoint]:
    """The checkpoints of a file, in its order. Raises: InputError naming the line that is none."""
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Checkpoint]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError.at("path", "no_such_file", f"{path} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(lines, 1):
        try:
            yield msgspec.json.decode(line, type=Checkpoint)
        except msgspec.DecodeError as error:
            raise InputError.at(
                "path", "not_a_checkpoint", f"Line {number} of {path} is no checkpoint: {error}."
            ) from error
