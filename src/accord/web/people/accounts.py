"""Who are the people that sign in, in which roles and teams?

The name of an account is the actor of what is done with it, so accounts are never renamed and never deleted: they are
disabled. What the decision rights must know of somebody, roles and team, is stated to the policy in the same
transaction, with a version for ever.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from accord.db import audit
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical
from accord.kit.errors import Conflict, InputError, NotFound, Unauthorized
from accord.kit.ids import new_id
from accord.kit.who import ANYBODY
from accord.ledger.service.news import again
from accord.policy import service as policy
from accord.policy.model import Actor
from accord.web.access.authority import ADMINISTRATOR, ROLES
from accord.web.people import passwords

NAME_LENGTH_MAX = 100
COMMAND_LINE = "command line"  # who acts where nobody has signed in
# Characters of a name or address as it was typed. Marks over and under a letter are put into an order, which takes the square of their
# number and the interpreter with it: a form of a megabyte stopped the server for a minute.
_TYPED_MAX = 1_000


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in, as kept, without any secret."""

    id: str
    name: str
    email: str = ""
    roles: tuple[str, ...]
    team_id: str = ""
    team: str = ""
    has_password: bool = False
    created_at: Instant
    changed_at: Instant  # rights or password
    disabled_at: Instant | None = None
    invite_until: Instant | None = None  # a link is open until then

    @property
    def is_administrator(self) -> bool:
        return ADMINISTRATOR in self.roles


class NotLetIn(Unauthorized):
    """Somebody is who he says, and has no account here."""

    code = "no_account"
    title = "You have no account here"


def key_of(text: str) -> str:
    """A name as it is compared: whoever sees two names apart must not find two accounts in one. "" for what is too long to be one."""
    if len(text) > _TYPED_MAX:
        return ""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def add(
    db: Database,
    name: str,
    roles: Sequence[str],
    *,
    by: str,
    email: str = "",
    team: str = "",
    password: str | None = None,
) -> Account:
    """Make an account; without a password it needs an invitation. Raises: InputError, Conflict, NotFound of the team."""
    name, email = _name(name), _email(email)
    chosen = _roles(roles)
    kept = None if password is None else passwords.hashed(passwords.check(password, name, email))

    def work(tx: Tx) -> Account:
        policy.hold(tx)  # of two who make the same account, the second finds it
        now = tx.now()
        if any(key_of(name) in _keys(one) for one in _read(tx)):
            raise Conflict(f"There is an account with the name {name} already.", code="name_taken")
        if email and any(key_of(email) in _keys(one) for one in _read(tx)):
            raise Conflict(f"There is an account with the address {email} already.", code="name_taken")
        if any(key_of(name) == key_of(one) for one in _programs(tx)):
            detail = f"{name} is the name of a program's key here, and the person would act as that program. Choose another."
            raise Conflict(detail, code="name_taken")
        team_id = _team(tx, team)
        id = new_id("usr", now)
        row = {
            "id": id, "name": name, "name_key": key_of(name), "email": email or None,
            "email_key": key_of(email) or None, "password": kept, "roles": ",".join(chosen), "team_id": team_id,
            "now": now,
        }  # fmt: skip
        # One row, checked by the unique indexes on both names.
        tx.execute(
            "INSERT INTO account (id, name, name_key, email, email_key, password, roles, team_id, created_at, changed_at)"
            " VALUES (:id, :name, :name_key, :email, :email_key, :password, :roles, :team_id, :now, :now)",
            **row,
        )
        return stated(tx, id, by=by)

    return again(db, work)


def listed(db: Database) -> list[Account]:
    """Every account, by name."""
    with db.read() as tx:
        return sorted(_read(tx), key=lambda one: key_of(one.name))


def exist(db: Database) -> bool:
    """Whether any account was ever made here."""
    with db.read() as tx:
        # At most one row: whether the table has any.
        return bool(tx.rows("SELECT 1 FROM account LIMIT 1"))


def find(db: Database, text: str) -> Account:
    """An account by its id, name or address. Raises: NotFound."""
    with db.read() as tx:
        return named(tx, text)


def named(tx: Tx, text: str) -> Account:
    """The same inside a transaction."""
    found = [one for one in _read(tx) if one.id == text or key_of(text) in _keys(one)]
    if not found:
        raise NotFound(f"There is no account {text[:100]!r}. List them with: accord user list")
    return found[0]


def change(
    db: Database,
    text: str,
    *,
    by: str,
    roles: Sequence[str] | None = None,
    team: str | None = None,
    disabled: bool | None = None,
) -> Account:
    """Change somebody's roles or team ("" = none), disable or enable. Raises: InputError, NotFound, Conflict."""
    chosen = None if roles is None else _roles(roles)

    def work(tx: Tx) -> Account:
        policy.hold(tx)  # one change at a time: the last administrator must not go twice
        before = named(tx, text)
        now = tx.now()
        after = msgspec.structs.replace(
            before,
            roles=before.roles if chosen is None else chosen,
            team_id=before.team_id if team is None else _team(tx, team) or "",
            disabled_at=before.disabled_at
            if disabled is None
            else (before.disabled_at or now)
            if disabled
            else None,
        )
        if after == before:
            return before
        _keep_an_administrator(tx, before, after)
        # One row, by primary key.
        tx.execute(
            "UPDATE account SET roles = :roles, team_id = :team_id, disabled_at = :disabled_at, changed_at = :now"
            " WHERE id = :id",
            roles=",".join(after.roles), team_id=after.team_id or None, disabled_at=after.disabled_at, now=now, id=after.id,
        )  # fmt: skip
        if after.disabled_at is not None:
            end_all(tx, after.id, now)
        return stated(tx, after.id, by=by)

    return again(db, work)


def end_all(tx: Tx, account_id: str, now: Instant, *, but: str = "") -> int:
    """End the sessions of an account, all but one; how many."""
    # The open sessions of one account, through the index on it.
    return tx.execute(
        "UPDATE session SET ended_at = :now WHERE account_id = :account AND ended_at IS NULL AND id <> :but",
        now=now, account=account_id, but=but,
    )  # fmt: skip


def vouched_for(db: Database, *, subject: str, email: str) -> Account:
    """Whose account it is that an identity provider vouches for: known by its subject, or the first time by an address that it
    has verified. Raises: NotLetIn."""

    def work(tx: Tx) -> Account:
        # One row at most, through the unique index on the subject.
        rows = tx.rows("SELECT id FROM account WHERE subject = :subject", subject=subject)
        if not rows and email:
            # One row at most, through the unique index on the address; locked, and of nobody else so far.
            rows = tx.rows(
                "SELECT id FROM account WHERE email_key = :email AND subject IS NULL AND disabled_at IS NULL FOR UPDATE",
                email=key_of(email),
            )
            if rows:
                # One row, by primary key.
                tx.execute(
                    "UPDATE account SET subject = :subject WHERE id = :id", subject=subject, id=rows[0][0]
                )
        account = named(tx, rows[0][0]) if rows else None
        if account is None or account.disabled_at is not None:
            raise NotLetIn(
                "You have no account here. An administrator makes one, with the address that you sign in with."
            )
        return account

    return again(db, work)


# --- passwords ---


def set_password(
    db: Database, text: str, password: str, *, keeps: str = "", by: str = COMMAND_LINE
) -> Account:
    """Give somebody a password; his sessions end, all but the one named. Raises: InputError, NotFound."""
    account = find(db, text)
    kept = passwords.hashed(passwords.check(password, account.name, account.email))

    def work(tx: Tx) -> Account:
        now = tx.now()
        write_password(tx, account.id, kept, now)
        note(tx, "PasswordSet", account, by=by)
        end_all(tx, account.id, now, but=keeps)
        return named(tx, account.id)

    return again(db, work)


def write_password(tx: Tx, id: str, kept: str, now: Instant) -> None:
    """Keep a hash as somebody's password."""
    # One row, by primary key; with a password of one's own a link has served.
    tx.execute(
        "UPDATE account SET password = :kept, changed_at = :now, invite_hash = NULL, invite_until = NULL WHERE id = :id",
        kept=kept, now=now, id=id,
    )  # fmt: skip
    # One row, by primary key: whoever was locked out by wrong guesses may come in with the new one.
    for name_key, email_key in tx.rows("SELECT name_key, email_key FROM account WHERE id = :id", id=id):
        for key in filter(None, (name_key, email_key)):
            tx.execute("DELETE FROM sign_in WHERE name_hash = :hash", hash=sha256(key.encode()).hexdigest())


def note(tx: Tx, type: str, account: Account, *, by: str) -> None:
    """Write into the record who made or used what lets somebody in: with it one could act as that person."""
    fact = {"actor": by, "account": account.name, "id": account.id}
    audit.append(tx, [audit.Entry(type=type, body=canonical(fact))])


# --- what the decision rights know ---


def stated(tx: Tx, id: str, *, by: str) -> Account:
    """Tell the policy what somebody may count as."""
    account = named(tx, id)
    is_in = account.disabled_at is None
    record = Actor(id=account.name, roles=account.roles if is_in else (), team=account.team if is_in else "")
    policy.put_in(tx, [record], actor=by, id=new_id("req"))
    return account


# --- inside ---


def _keep_an_administrator(tx: Tx, before: Account, after: Account) -> None:
    if not before.is_administrator or before.disabled_at is not None:
        return
    if after.is_administrator and after.disabled_at is None:
        return
    others = [
        one for one in _read(tx) if one.is_administrator and one.disabled_at is None and one.id != before.id
    ]
    if not others:
        raise Conflict(
            f"{before.name} is the only administrator. Make somebody else one first.",
            code="last_administrator",
        )


def _name(text: str) -> str:
    name = "" if len(text) > _TYPED_MAX else " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InputError.at(
            "name", "bad_name", f"A name is 1 to {NAME_LENGTH_MAX} characters that can be shown."
        )
    if key_of(name) == ANYBODY or "@" in name:
        raise InputError.at("name", "bad_name", f"{name} cannot be anybody's name. Choose another.")
    return name


def _email(text: str) -> str:
    email = text.strip()
    local, at, host = email.rpartition("@")
    if email and (
        not at or not local or "." not in host.strip(".") or len(email) > 254 or len(email.split()) != 1
    ):
        raise InputError.at(
            "email", "bad_address", f"{email[:100]} is no e-mail address. Check its spelling."
        )
    return email


def _roles(roles: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise InputError.at("role", "unknown_role", f"Give one or more of the roles {', '.join(ROLES)}.")
    return tuple(sorted(set(roles), key=ROLES.index))


def _team(tx: Tx, name: str) -> str | None:
    if not name:
        return None
    # One row, through the unique index on the name.
    found = tx.rows("SELECT id FROM team WHERE name_key = :key OR id = :id", key=key_of(name), id=name)
    if not found:
        raise NotFound(f"There is no team {name[:100]!r}. Make it first.")
    id: str = found[0][0]
    return id


def _programs(tx: Tx) -> list[str]:
    # The names of all keys there are or were, of which a company has dozens.
    return [name for (name,) in tx.rows("SELECT name FROM api_key")]


def _keys(account: Account) -> set[str]:
    return {key_of(account.name), key_of(account.email)} - {""}


def _read(tx: Tx) -> list[Account]:
    # Every account with its team, in the order in which they were made: a company has hundreds.
    rows = tx.rows(
        "SELECT a.id, a.name, a.email, a.roles, a.team_id, t.name, a.password IS NOT NULL, a.created_at, a.changed_at,"
        " a.disabled_at, a.invite_until FROM account a LEFT JOIN team t ON t.id = a.team_id ORDER BY a.id"
    )
    return [
        Account(
            id=id,
            name=name,
            email=email or "",
            roles=tuple(roles.split(",")),
            team_id=team_id or "",
            team=team or "",
            has_password=bool(has_password),
            created_at=created_at,
            changed_at=changed_at,
            disabled_at=disabled_at,
            invite_until=invite_until,
        )
        for id, name, email, roles, team_id, team, has_password, created_at, changed_at, disabled_at, invite_until in rows
    ]
