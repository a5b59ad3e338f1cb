"""How does somebody get a password without another person knowing it?

By a link that is handed over: whoever has it chooses the password, once, within a week. Kept is a hash of it, and one
link for each account.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Conflict, NotFound
from accord.ledger.service.news import again
from accord.web.people import passwords
from accord.web.people.accounts import COMMAND_LINE, Account, end_all, named, note, write_password

INVITE_DAYS = 7

_A_DAY = 86_400_000_000


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """An account, and the secret of the link that sets its password."""

    account: Account
    secret: str
    until: Instant


def invite(db: Database, text: str, *, by: str = COMMAND_LINE) -> Invited:
    """A link for setting a password once, instead of any link before it. Raises: NotFound, Conflict when disabled."""
    secret = secrets.token_urlsafe(32)

    def work(tx: Tx) -> Invited:
        account = named(tx, text)
        if account.disabled_at is not None:
            raise Conflict(f"{account.name} is disabled. Enable the account first.", code="account_disabled")
        until = tx.now() + INVITE_DAYS * _A_DAY
        # One row, by primary key.
        tx.execute(
            "UPDATE account SET invite_hash = :hash, invite_until = :until WHERE id = :id",
            hash=_hash(secret), until=until, id=account.id,
        )  # fmt: skip
        note(tx, "PasswordLinkMade", account, by=by)
        return Invited(account=named(tx, account.id), secret=secret, until=until)

    return again(db, work)


def invited(db: Database, secret: str) -> Account | None:
    """Whose link this is, while it is good."""
    with db.read() as tx:
        return _of_link(tx, secret)


def accept(db: Database, secret: str, password: str) -> Account:
    """Set the password that a link is for; the link is over with it. Raises: NotFound, InputError."""
    account = invited(db, secret)
    if account is None:
        raise _link_over()
    kept = passwords.hashed(passwords.check(password, account.name, account.email))

    def work(tx: Tx) -> Account:
        still = _of_link(tx, secret, locks=True)
        if still is None:
            raise _link_over()
        now = tx.now()
        write_password(tx, still.id, kept, now)
        note(tx, "PasswordSet", still, by=still.name)
        end_all(tx, still.id, now)
        return named(tx, still.id)

    return again(db, work)


def _link_over() -> NotFound:
    return NotFound("This link was used already, or is too old. Ask an administrator for another one.")


def _of_link(tx: Tx, secret: str, *, locks: bool = False) -> Account | None:
    now = tx.now()
    if locks:
        # One row at most, through the unique index on the hash: of two who use a link the second finds it used.
        tx.rows("SELECT id FROM account WHERE invite_hash = :hash FOR UPDATE", hash=_hash(secret))
    # The same row, while the link is good.
    rows = tx.rows(
        "SELECT id FROM account WHERE invite_hash = :hash AND invite_until > :now AND disabled_at IS NULL",
        hash=_hash(secret), now=now,
    )  # fmt: skip
    return named(tx, rows[0][0]) if rows else None


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
