"""Which programs may sign in, and to do what?

A key is 32 random bytes. What is kept is its SHA-256: a slow hash such as argon2 protects secrets that people choose
and that can be guessed; 256 random bits cannot be guessed at any speed, and a key is checked with every request. The
name of a key is the actor of what is done with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from accord.db import audit
from accord.db.engine import Database, retrying
from accord.db.schema import api_key
from accord.db.tx import Tx
from accord.kit.days import Instant, instant_iso
from accord.kit.digest import canonical
from accord.kit.errors import Conflict, InputError, NotFound
from accord.kit.ids import new_id
from accord.kit.who import ANYBODY
from accord.policy import service as policy
from accord.web.people.accounts import COMMAND_LINE, key_of

SCOPES = ("ask", "promise", "supply", "admin")
PREFIX = "acc_"
NAME_LENGTH_MAX = 100

_A_DAY = 86_400_000_000


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept: without the secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    state: str = "good"  # good, expired, revoked: as of when it was read


class NewKey(Key, frozen=True, kw_only=True):
    """A key just made, with the secret that nobody can see again."""

    secret: str


def moment(at: Instant | None) -> str | None:
    """A moment for people and programs."""
    return None if at is None else instant_iso(at)


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def add(
    db: Database, name: str, scopes: Sequence[str], *, days: int | None = None, by: str = COMMAND_LINE
) -> NewKey:
    """Make a key. Raises: InputError, Conflict when a good key of this name is there: names are actors."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InputError.at(
            "name", "bad_name", f"A key's name is 1 to {NAME_LENGTH_MAX} characters that can be shown."
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        known = ", ".join(SCOPES)
        raise InputError.at("scope", "unknown_scope", f"Give one or more of the scopes {known}.")
    secret = PREFIX + secrets.token_urlsafe(32)

    def work(tx: Tx) -> NewKey:
        policy.hold(tx)  # of two who take the same name, for a program or a person, the second finds it
        now = tx.now()
        # Every account's name, of which a company has hundreds.
        people = {key for (key,) in tx.rows("SELECT name_key FROM account")}
        if key_of(name) in people | {ANYBODY}:
            detail = f"{name} is a person here, and a program under this name would act as that person. Choose another."
            raise InputError.at("name", "name_taken", detail)
        if any(one.name == name and one.state == "good" for one in _read(tx)):
            raise Conflict(
                f"There is a key with the name {name} already. Revoke it first, or choose another name.",
                code="name_taken",
            )
        made = NewKey(
            id=new_id("key", now),
            name=name,
            scopes=tuple(sorted(set(scopes), key=SCOPES.index)),
            created_at=now,
            expires_at=None if days is None else now + days * _A_DAY,
            revoked_at=None,
            secret=secret,
        )
        row = (made.id, made.name, hashed(secret), " ".join(made.scopes), now, made.expires_at, None)
        tx.insert(api_key, [row])
        fact = {"key": made.name, "scopes": made.scopes, "expires_at": moment(made.expires_at)}
        _note(tx, "KeyMade", made, by, fact)
        return made

    return retrying(db, work)


def listed(db: Database) -> list[Key]:
    """Every key there is or was, oldest first."""
    with db.read() as tx:
        return _read(tx)


def revoke(db: Database, text: str, *, by: str = COMMAND_LINE) -> Key:
    """End a key, named by its id or, while it is good, its name. Ending it twice is harmless. Raises: NotFound."""

    def work(tx: Tx) -> Key:
        found = [one for one in _read(tx) if one.id == text or (one.name == text and one.state == "good")]
        if not found:
            raise NotFound(f"There is no key {text[:100]!r}. List them with: accord key list")
        (key,) = found
        if key.revoked_at is not None:
            return key
        now = tx.now()
        # One row, by primary key.
        tx.execute("UPDATE api_key SET revoked_at = :now WHERE id = :id", now=now, id=key.id)
        _note(tx, "KeyRevoked", key, by, {"key": key.name})
        return msgspec.structs.replace(key, revoked_at=now, state="revoked")

    return retrying(db, work)


def of_secret(db: Database, secret: str) -> Key | None:
    """The key that a secret belongs to, whatever its state; None when it belongs to none."""
    with db.read() as tx:
        found = _read(tx, hashed(secret))
    return found[0] if found else None


def exists(db: Database) -> bool:
    """Whether any key was ever made here."""
    with db.read() as tx:
        # At most one row: whether the table has any.
        return bool(tx.rows("SELECT 1 FROM api_key LIMIT 1"))


def _note(tx: Tx, type: str, key: Key, by: str, more: Mapping[str, object]) -> None:
    """Write into the record who let a program in, or out."""
    audit.append(tx, [audit.Entry(type=type, body=canonical({"actor": by, "id": key.id, **more}))])


def _read(tx: Tx, hash_of_secret: str | None = None) -> list[Key]:
    columns = "SELECT id, name, scopes, created_at, expires_at, revoked_at FROM api_key"
    if hash_of_secret is None:
        # Every key, by primary key, which sorts by time.
        rows = tx.rows(f"{columns} ORDER BY id")
    else:
        # The key with this hash, through the unique index on it.
        rows = tx.rows(f"{columns} WHERE hash = :hash", hash=hash_of_secret)
    now = tx.now()
    return [
        Key(
            id=id,
            name=name,
            scopes=tuple(scopes.split()),
            created_at=created_at,
            expires_at=expires_at,
            revoked_at=revoked_at,
            state="revoked"
            if revoked_at is not None
            else "expired"
            if expires_at is not None and expires_at <= now
            else "good",
        )
        for id, name, scopes, created_at, expires_at, revoked_at in rows
    ]
