"""How often may somebody guess a password?

Five wrong guesses in a quarter of an hour, for each name that is tried, known here or not, counted in the database so
that every process counts together. A guess is written down before it is looked at: guesses sent side by side cannot
all be looked at first. The right password takes its own guess back.
"""

from __future__ import annotations

from hashlib import sha256

from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import TooMany, Unauthorized
from accord.web.people import passwords
from accord.web.people.accounts import Account, key_of, named

GUESSES_MAX = 5
WITHIN_SECONDS = 15 * 60

_MICROS = 1_000_000


class NotSignedIn(Unauthorized):
    """The name and the password do not belong together."""

    code = "wrong_password"
    title = "You are not signed in"


def who_is(db: Database, name: str, password: str) -> Account:
    """Whose name and password these are. Raises: NotSignedIn, alike whatever is wrong; TooMany; Unavailable."""
    key = key_of(name)
    at = _count(db, key)
    found = _kept(db, key)
    id, kept, is_in = found if found is not None else ("", None, False)
    # Compared whatever was found, so that the time it takes tells nobody which names there are.
    fits = passwords.fits(kept, password)
    if not fits or not is_in:
        raise NotSignedIn(
            "The name and the password do not belong together. Check both; after five wrong tries there is a wait of 15 minutes."
        )
    again_hashed = (
        passwords.hashed(passwords.normal(password)) if kept and passwords.is_outdated(kept) else None
    )

    def work(tx: Tx) -> Account:
        _take_back(tx, key, at)
        if again_hashed is not None:
            # One row, by primary key; only while the password is still the one that was checked.
            tx.execute(
                "UPDATE account SET password = :new WHERE id = :id AND password = :old",
                new=again_hashed,
                id=id,
                old=kept,
            )
        return named(tx, id)

    return retrying(db, work)


def _kept(db: Database, key: str) -> tuple[str, str | None, bool] | None:
    with db.read() as tx:
        # One row at most, through the unique index on either name: an address holds an @, a name does not.
        rows = tx.rows(
            "SELECT id, password, disabled_at IS NULL FROM account WHERE name_key = :key OR email_key = :key",
            key=key,
        )
    return (rows[0][0], rows[0][1], bool(rows[0][2])) if rows else None


def _count(db: Database, key: str) -> Instant:
    """Write a guess down; when it was. Raises: TooMany."""
    name_hash = sha256(key.encode()).hexdigest()

    def work(tx: Tx) -> tuple[Instant, int]:
        now = tx.now()
        since = now - WITHIN_SECONDS * _MICROS
        # One row, by primary key; made or locked by this, so that whoever counts next waits, in whatever process.
        tx.execute(
            "INSERT INTO sign_in (name_hash, tries, last_at) VALUES (:hash, '', :now)"
            " ON CONFLICT (name_hash) DO UPDATE SET last_at = excluded.last_at",
            hash=name_hash, now=now,
        )  # fmt: skip
        tries = [one for one in _tries(tx, name_hash) if one > since]
        if len(tries) >= GUESSES_MAX:
            return now, max(1, -((now - tries[0] - WITHIN_SECONDS * _MICROS) // _MICROS))
        while now in tries:
            now += 1
        _write(tx, name_hash, [*tries, now])
        return now, 0

    at, wait = retrying(db, work)
    if wait:
        raise TooMany(
            f"There were {GUESSES_MAX} wrong tries for this name. Wait {-(-wait // 60)} minutes, or ask an administrator for a link.",
            retry_after_seconds=wait,
        )
    return at


def _take_back(tx: Tx, key: str, at: Instant) -> None:
    name_hash = sha256(key.encode()).hexdigest()
    _write(tx, name_hash, [one for one in _tries(tx, name_hash) if one != at])


def forget(db: Database) -> int:
    """Drop the counts of names that nobody tried for a while; how many."""

    def work(tx: Tx) -> int:
        # Through the index on the last guess.
        return tx.execute(
            "DELETE FROM sign_in WHERE last_at < :since", since=tx.now() - WITHIN_SECONDS * _MICROS
        )

    return retrying(db, work)


def _tries(tx: Tx, name_hash: str) -> list[Instant]:
    # One row, by primary key, locked: who counts next waits.
    rows = tx.rows("SELECT tries FROM sign_in WHERE name_hash = :hash FOR UPDATE", hash=name_hash)
    return [int(one) for one in rows[0][0].split()] if rows else []


def _write(tx: Tx, name_hash: str, tries: list[Instant]) -> None:
    # One row, by primary key.
    tx.execute(
        "UPDATE sign_in SET tries = :tries, last_at = :last WHERE name_hash = :hash",
        tries=" ".join(str(one) for one in tries), last=tries[-1] if tries else 0, hash=name_hash,
    )  # fmt: skip
