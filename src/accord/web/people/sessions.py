"""Who is signed in, in which browser, and until when?

A session is a row in the database and 256 random bits in a cookie; kept is their SHA-256. It ends after twelve hours
without use, after seven days whatever happens, and on the server when somebody signs out. What somebody may do is read with every
request, so that a right that was taken away is gone at once.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from hashlib import sha256

import msgspec

from accord.db.engine import Database, retrying
from accord.db.failures import Retry
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import AccordError, NotFound
from accord.kit.ids import new_id
from accord.kit.who import Who
from accord.web.people.accounts import end_all

IDLE_SECONDS = 12 * 3600
LIFE_SECONDS = 7 * 86_400
KEPT_SECONDS = 7 * 86_400  # after its end: whose form it was that came too late
GRACE_SECONDS = 30  # a token that was replaced is good for requests that were under way
_SEEN_SECONDS = 60  # last use is written down so often
_DEVICE_LENGTH_MAX = 80

_MICROS = 1_000_000


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One browser in which somebody signed in."""

    id: str
    account_id: str
    who: Who
    is_open: bool  # neither over nor disabled
    is_outdated: bool  # rights or password changed since it got its token: it is to get another
    is_previous: bool  # it came with the token before
    seen_at: Instant
    place: str = ""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One of somebody's own sessions, for the list of them."""

    id: str
    device: str
    created_at: Instant
    seen_at: Instant


def begin(db: Database, account_id: str, *, device: str, instead_of: str = "", place: str = "") -> str:
    """Sign somebody in; the token of a session that did not exist before. The one it came with is over."""
    token = secrets.token_urlsafe(32)

    def work(tx: Tx) -> str:
        now = tx.now()
        if instead_of:
            # One row, through the unique index on the hash.
            tx.execute(
                "UPDATE session SET ended_at = :now WHERE hash = :hash AND ended_at IS NULL",
                now=now, hash=_hash(instead_of),
            )  # fmt: skip
        # One row.
        tx.execute(
            "INSERT INTO session (id, hash, account_id, created_at, seen_at, rotated_at, expires_at, device, place)"
            " VALUES (:id, :hash, :account, :now, :now, :now, :expires, :device, :place)",
            id=new_id("ses", now), hash=_hash(token), account=account_id, now=now, place=place,
            expires=now + LIFE_SECONDS * _MICROS, device=device[:_DEVICE_LENGTH_MAX],
        )  # fmt: skip
        return token

    return retrying(db, work)


def find(db: Database, token: str) -> Session | None:
    """The session of a token, over or not; None when there never was one. Notes now and then that it is used."""
    given = _hash(token)
    with db.read() as tx:
        # One row at most, through the unique index on the hash and the one on the hash before.
        rows = tx.rows(
            "SELECT s.id, s.hash, s.account_id, s.seen_at, s.rotated_at, s.expires_at, s.ended_at, s.place,"
            " a.name, a.roles, a.changed_at, a.disabled_at, t.name"
            " FROM session s JOIN account a ON a.id = s.account_id LEFT JOIN team t ON t.id = a.team_id"
            " WHERE s.hash = :hash OR s.previous_hash = :hash",
            hash=given,
        )  # fmt: skip
        if not rows:
            return None
        (
            id,
            own,
            account,
            seen,
            rotated,
            expires,
            ended,
            place,
            name,
            roles,
            changed,
            disabled,
            team,
        ) = rows[0]
        now = tx.now()
        is_previous = own != given
        is_open = (
            ended is None
            and disabled is None
            and now < expires
            and now - seen < IDLE_SECONDS * _MICROS
            and not (is_previous and now - rotated > GRACE_SECONDS * _MICROS)
        )
        mates = _mates(tx, account) if is_open else frozenset()
    if is_open and now - seen > _SEEN_SECONDS * _MICROS and db.why_no_writes is None:
        # Nobody is turned away because this cannot be noted just now.
        with suppress(AccordError, Retry), db.write() as tx:
            # One row, by primary key.
            tx.execute("UPDATE session SET seen_at = :now WHERE id = :id", now=now, id=id)
    return Session(
        id=id,
        account_id=account,
        who=Who(actor=name, roles=tuple(roles.split(",")), team=team or "", team_mates=mates),
        is_open=is_open,
        is_outdated=changed > rotated,
        is_previous=is_previous,
        seen_at=seen,
        place=place,
    )


def rotate(db: Database, token: str) -> str | None:
    """Another token for the same session; None when somebody else was quicker, or it is over."""
    fresh = secrets.token_urlsafe(32)

    def work(tx: Tx) -> str | None:
        # One row, through the unique index on the hash; of two at once the second finds none.
        changed = tx.execute(
            "UPDATE session SET hash = :fresh, previous_hash = :hash, rotated_at = :now"
            " WHERE hash = :hash AND ended_at IS NULL",
            fresh=_hash(fresh), hash=_hash(token), now=tx.now(),
        )  # fmt: skip
        return fresh if changed else None

    return retrying(db, work)


def end(db: Database, token: str) -> None:
    """Sign out: the token is worth nothing from now on."""

    def work(tx: Tx) -> None:
        # One row at most, through the indexes on both hashes.
        tx.execute(
            "UPDATE session SET ended_at = :now WHERE (hash = :hash OR previous_hash = :hash) AND ended_at IS NULL",
            now=tx.now(), hash=_hash(token),
        )  # fmt: skip

    retrying(db, work)


def end_others(db: Database, session: Session) -> int:
    """End all sessions of the same person but this one; how many."""
    return retrying(db, lambda tx: end_all(tx, session.account_id, tx.now(), but=session.id))


def end_one(db: Database, session: Session, id: str) -> None:
    """End one of the same person's sessions. Raises: NotFound."""

    def work(tx: Tx) -> None:
        # One row, by primary key; of nobody else.
        changed = tx.execute(
            "UPDATE session SET ended_at = :now WHERE id = :id AND account_id = :account AND ended_at IS NULL",
            now=tx.now(), id=id, account=session.account_id,
        )  # fmt: skip
        if not changed:
            raise NotFound("This session is over already. Your sessions are listed on your account page.")

    retrying(db, work)


def of_account(db: Database, account_id: str) -> list[Listed]:
    """The open sessions of somebody, the last used first."""
    with db.read() as tx:
        now = tx.now()
        # The sessions of one account, through the index on it.
        rows = tx.rows(
            "SELECT id, device, created_at, seen_at FROM session WHERE account_id = :account AND ended_at IS NULL"
            " AND expires_at > :now AND seen_at > :idle ORDER BY seen_at DESC, id",
            account=account_id, now=now, idle=now - IDLE_SECONDS * _MICROS,
        )  # fmt: skip
    return [
        Listed(id=id, device=device, created_at=created, seen_at=seen) for id, device, created, seen in rows
    ]


def last_seen(db: Database) -> dict[str, Instant]:
    """When everybody was last here, by account; as far as sessions are remembered."""
    with db.read() as tx:
        # All sessions of a week, of which a company has hundreds.
        return dict(tx.rows("SELECT account_id, max(seen_at) FROM session GROUP BY account_id"))


def keep_place(db: Database, session: Session, place: str) -> None:
    """Where the guided tour of this session stands."""

    def work(tx: Tx) -> None:
        # One row, by primary key.
        tx.execute("UPDATE session SET place = :place WHERE id = :id", place=place, id=session.id)

    retrying(db, work)


def forget(db: Database) -> int:
    """Drop sessions and kept forms that are over for a week; how many."""

    def work(tx: Tx) -> int:
        since = tx.now() - KEPT_SECONDS * _MICROS
        # Few rows, read whole: an hourly job.
        tx.execute("DELETE FROM kept_form WHERE kept_at < :since", since=since)
        return tx.execute(
            "DELETE FROM session WHERE expires_at < :since OR ended_at < :since OR seen_at < :idle",
            since=since, idle=since - IDLE_SECONDS * _MICROS,
        )  # fmt: skip

    return retrying(db, work)


def _mates(tx: Tx, account_id: str) -> frozenset[str]:
    """Everybody of the teams that somebody belongs to or manages, and who manages them."""
    # One row for each such team, of which there are few, with each of its people.
    rows = tx.rows(
        "SELECT p.name FROM team t JOIN account p ON p.team_id = t.id OR p.id = t.manager_id"
        " WHERE t.manager_id = :id OR t.id = (SELECT team_id FROM account WHERE id = :id)",
        id=account_id,
    )
    return frozenset(name for (name,) in rows)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
