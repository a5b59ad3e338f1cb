"""How often may somebody guess a password?

Five wrong guesses in a quarter of an hour from one place, for each name that is tried, known here or not, counted in the database so
that every process counts together. A guess is written down before it is looked at: guesses sent side by side cannot
all be looked at first. The right password takes its own guess back.

A place is an address of the network, or a browser in which the same person was signed in within a week. So nobody locks others
out of their accounts: by guesses from elsewhere they lose nothing, and by guesses from next to them only what is not their
own browser. Who guesses from many addresses has fifty for a name together; known browsers are not of those.
"""

from __future__ import annotations

import ipaddress
from hashlib import sha256

import msgspec

from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import TooMany, Unauthorized
from accord.web.people import passwords
from accord.web.people.accounts import Account, key_of, named
from accord.web.people.sessions import Session

GUESSES_MAX = 5
ANYWHERE_MAX = 50  # from all places together that are not known
WITHIN_SECONDS = 15 * 60

_MICROS = 1_000_000
_SUBNET_BITS = 64  # of IPv6: whoever has one address there has all of them


class NotSignedIn(Unauthorized):
    """The name and the password do not belong together."""

    code = "wrong_password"
    title = "You are not signed in"


class _Try(msgspec.Struct, frozen=True):
    """A guess that was written down."""

    at: Instant
    place: str  # a hash of it; begins with k where it is a known browser


def who_is(
    db: Database, name: str, password: str, *, address: str = "", browser: Session | None = None
) -> Account:
    """Whose name and password these are. Raises: NotSignedIn, alike whatever is wrong; TooMany; Unavailable.

    `address` is where it comes from; `browser` the session that was there before, over or not.
    """
    key = key_of(name)
    found = _kept(db, key)
    id, kept, is_in = found if found is not None else ("", None, False)
    at = _count(db, key, _place(address, browser, id))
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


def _place(address: str, browser: Session | None, account_id: str) -> str:
    """From where somebody guesses, for one account."""
    if browser is not None and browser.account_id == account_id:
        return "k" + sha256(browser.id.encode()).hexdigest()[:16]
    return "s" + sha256(_network(address).encode()).hexdigest()[:16]


def _network(address: str) -> str:
    """What of an address tells one caller from another."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _SUBNET_BITS), strict=False))


def _count(db: Database, key: str, place: str) -> Instant:
    """Write a guess down; when it was. Raises: TooMany."""
    name_hash = sha256(key.encode()).hexdigest()

    def work(tx: Tx) -> tuple[Instant, list[_Try]]:
        now = tx.now()
        since = now - WITHIN_SECONDS * _MICROS
        # One row, by primary key; made or locked by this, so that whoever counts next waits, in whatever process.
        tx.execute(
            "INSERT INTO sign_in (name_hash, tries, last_at) VALUES (:hash, '', :now)"
            " ON CONFLICT (name_hash) DO UPDATE SET last_at = excluded.last_at",
            hash=name_hash, now=now,
        )  # fmt: skip
        tries = [one for one in _tries(tx, name_hash) if one.at > since]
        if full := _that_fill_it(tries, place):
            return now, full
        at = now
        while any(one.at == at for one in tries):
            at += 1
        _write(tx, name_hash, [*tries, _Try(at, place)])
        return at, []

    at, full = retrying(db, work)
    if full:
        wait = max(1, -((at - full[0].at - WITHIN_SECONDS * _MICROS) // _MICROS))
        raise TooMany(_why(len(full), -(-wait // 60)), retry_after_seconds=wait)
    return at


def _that_fill_it(tries: list[_Try], place: str) -> list[_Try]:
    """The guesses for which there may be no other one now, the oldest first; none where there may."""
    here = [one for one in tries if one.place == place]
    if len(here) >= GUESSES_MAX:
        return here
    strangers = [one for one in tries if one.place.startswith("s")]
    return strangers if place.startswith("s") and len(strangers) >= ANYWHERE_MAX else []


def _why(tries: int, minutes: int) -> str:
    if tries < ANYWHERE_MAX:
        return f"There were {tries} wrong tries for this name from here. Wait {minutes} minutes, or ask an administrator for a link."
    return (
        f"There were {tries} wrong tries for this name from elsewhere. Use a browser in which you were signed in this week, "
        f"wait {minutes} minutes, or ask an administrator for a link."
    )


def _take_back(tx: Tx, key: str, at: Instant) -> None:
    name_hash = sha256(key.encode()).hexdigest()
    _write(tx, name_hash, [one for one in _tries(tx, name_hash) if one.at != at])


def forget(db: Database) -> int:
    """Drop the counts of names that nobody tried for a while; how many."""

    def work(tx: Tx) -> int:
        # Through the index on the last guess.
        return tx.execute(
            "DELETE FROM sign_in WHERE last_at < :since", since=tx.now() - WITHIN_SECONDS * _MICROS
        )

    return retrying(db, work)


def _tries(tx: Tx, name_hash: str) -> list[_Try]:
    # One row, by primary key, locked: who counts next waits.
    rows = tx.rows("SELECT tries FROM sign_in WHERE name_hash = :hash FOR UPDATE", hash=name_hash)
    said = [one.partition("/") for one in rows[0][0].split()] if rows else []
    return [_Try(int(at), place) for at, _, place in said]


def _write(tx: Tx, name_hash: str, tries: list[_Try]) -> None:
    # One row, by primary key.
    tx.execute(
        "UPDATE sign_in SET tries = :tries, last_at = :last WHERE name_hash = :hash",
        tries=" ".join(f"{one.at}/{one.place}" for one in tries), last=tries[-1].at if tries else 0, hash=name_hash,
    )  # fmt: skip
