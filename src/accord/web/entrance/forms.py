"""What becomes of a form that was sent after the session had ended?

It is kept for the person whose session that was, and shown again after signing in. It is never sent by itself: a
form that was typed an hour ago is looked at before it is done.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from accord.db.engine import Database, retrying
from accord.db.tx import Tx

BYTES_MAX = 262_144
KEPT_SECONDS = 86_400
# Made by the page, and nothing to read.
_HIDDEN = ("key", "digest", "option", "seen", "known", "world", "version", "promise", "approval")
_WORDS = {"q": "Asked", "verb": "To do"}

_MICROS = 1_000_000


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was sent."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """What somebody typed or chose in it, under the names of the fields in words."""
        words = [
            (_WORDS.get(name, name.replace("_", " ").capitalize()), value)
            for name, value in self.fields
            if name not in _HIDDEN
        ]
        return [(word, value) for word, value in words if value]


def keep(db: Database, account_id: str, path: str, body: bytes) -> None:
    """Keep a form for somebody, instead of the one before it."""

    def work(tx: Tx) -> None:
        # One row, by primary key.
        tx.execute(
            "INSERT INTO kept_form (account_id, path, body, kept_at) VALUES (:account, :path, :body, :now)"
            " ON CONFLICT (account_id) DO UPDATE SET path = excluded.path, body = excluded.body, kept_at = excluded.kept_at",
            account=account_id, path=path, body=body, now=tx.now(),
        )  # fmt: skip

    retrying(db, work)


def of(db: Database, account_id: str) -> Kept | None:
    """What is kept for somebody."""
    with db.read() as tx:
        # One row at most, by primary key.
        rows = tx.rows(
            "SELECT path, body FROM kept_form WHERE account_id = :account AND kept_at > :since",
            account=account_id, since=tx.now() - KEPT_SECONDS * _MICROS,
        )  # fmt: skip
    if not rows:
        return None
    path, body = rows[0]
    fields = parse_qsl(bytes(body).decode("utf-8", "replace"), keep_blank_values=True)
    return Kept(path=path, fields=tuple(fields))


def leave(db: Database, account_id: str) -> None:
    """Forget it."""

    def work(tx: Tx) -> None:
        # One row, by primary key.
        tx.execute("DELETE FROM kept_form WHERE account_id = :account", account=account_id)

    retrying(db, work)
