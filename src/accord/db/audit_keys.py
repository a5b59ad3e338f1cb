"""Which key signs the checkpoints of the audit, and where is it?

`ACCORD_AUDIT_KEY` names its file. Without it a database file has one beside it, which protects against whoever gets the
database but not the folder; PostgreSQL, which several machines share, has none until it is named. The key is made once:
a database whose checkpoints were signed before never gets a new one by itself, since nothing signed would fit it.
"""

from __future__ import annotations

import os
from pathlib import Path

from accord.db.audit_checkpoints import Checkpoint, checkpoint, heads, last_heads, load_key
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.errors import InputError

SETTING = "ACCORD_AUDIT_KEY"


def key_path(db: Database) -> Path | None:
    """The file of the key, whether it is there or not; None where nobody named one."""
    named = os.environ.get(SETTING, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    return db.path.with_name(f"{db.path.name}.audit-key") if db.path is not None else None


def checking_key(db: Database) -> bytes | None:
    """The key to check with; None where there is none. Raises: InputError when its file holds no key."""
    path = key_path(db)
    return load_key(path) if path is not None and path.exists() else None


def keep(db: Database) -> Checkpoint | None:
    """Sign what is there now, where there is a key and something is new; the checkpoint that was made.

    Raises: InputError when the key is gone with which earlier checkpoints were signed.
    """
    path = key_path(db)
    if path is None:
        return None
    with db.read() as tx:
        before, now = last_heads(tx), heads(tx)
    if not now or before == now:
        return None
    if before is not None and not path.exists():
        raise InputError.at(
            "key",
            "no_key",
            f"The key of the audit is gone: {path} is not there, and earlier checkpoints were signed with it."
            f" Bring it back, or name where it is with {SETTING}.",
        )
    key = load_key(path, create=True)

    def work(tx: Tx) -> Checkpoint:
        return checkpoint(tx, key)

    return retrying(db, work)
