"""Which teams are there, who is in them, and who manages each?

A team is a named set of people with one manager, who need not be in it. Everybody is in one team at most.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.errors import InputError, NotFound
from accord.kit.ids import new_id
from accord.ledger.service.news import again
from accord.policy import service as policy
from accord.web.people.accounts import NAME_LENGTH_MAX, key_of, named, stated


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """A named set of people."""

    id: str
    name: str
    manager_id: str = ""
    manager: str = ""
    people: tuple[str, ...] = ()


def listed(db: Database) -> list[Team]:
    """Every team, by name."""
    with db.read() as tx:
        return sorted(_read(tx), key=lambda one: key_of(one.name))


def arrange(
    db: Database,
    name: str,
    *,
    by: str,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
    manager: str | None = None,
) -> Team:
    """Make a team where there is none of this name, and change its people and manager ("" = none).

    Raises: InputError, NotFound of an account or of who leaves without being in it.
    """
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise InputError.at(
            "team", "bad_name", f"A team's name is 1 to {NAME_LENGTH_MAX} characters that can be shown."
        )

    def work(tx: Tx) -> Team:
        policy.hold(tx)
        now = tx.now()
        team = next((one for one in _read(tx) if key_of(name) == key_of(one.name) or one.id == name), None)
        if team is None:
            team = Team(id=new_id("tea", now), name=name)
            # One row, checked by the unique index on the name.
            tx.execute(
                "INSERT INTO team (id, name, name_key) VALUES (:id, :name, :key)",
                id=team.id,
                name=name,
                key=key_of(name),
            )
        if manager is not None:
            # One row, by primary key.
            tx.execute(
                "UPDATE team SET manager_id = :manager WHERE id = :id",
                manager=named(tx, manager).id if manager else None, id=team.id,
            )  # fmt: skip
        for who, into in [*((one, team.id) for one in added), *((one, None) for one in removed)]:
            account = named(tx, who)
            if into is None and account.team_id != team.id:
                raise NotFound(f"{account.name} is not in the team {team.name}.")
            # One row, by primary key.
            tx.execute(
                "UPDATE account SET team_id = :team, changed_at = :now WHERE id = :id",
                team=into,
                now=now,
                id=account.id,
            )
            stated(tx, account.id, by=by)
        return next(one for one in _read(tx) if one.id == team.id)

    return again(db, work)


def _read(tx: Tx) -> list[Team]:
    # Every team with its manager: a company has dozens.
    teams = tx.rows(
        "SELECT t.id, t.name, t.manager_id, m.name FROM team t LEFT JOIN account m ON m.id = t.manager_id"
    )
    # Who is in which, by name.
    people = tx.rows("SELECT team_id, name FROM account WHERE team_id IS NOT NULL ORDER BY name")
    return [
        Team(
            id=id,
            name=name,
            manager_id=manager_id or "",
            manager=manager or "",
            people=tuple(person for team, person in people if team == id),
        )
        for id, name, manager_id, manager in teams
    ]
