"""People and teams from the command line; a password is typed unseen or read, and never an argument."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import click
import pytest
from argon2 import PasswordHasher

from accord.cli import people
from accord.db.engine import Database, open_database
from accord.web.access.authority import ROLES
from accord.web.people import accounts, guesses, passwords
from tests.commands import Run, run

__all__ = ["run"]  # a fixture
PASSWORD = "four words are enough"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> Callable[[str], None]:
    """Standard input, and quick hashes."""
    monkeypatch.setenv("ACCORD_DB", sqlite_url)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def db_of(url: str) -> Database:
    return open_database(url, create=False)


def lets_in(url: str, name: str, password: str) -> bool:
    db = db_of(url)
    try:
        return guesses.who_is(db, name, password).name == name
    except guesses.NotSignedIn:
        return False
    finally:
        db.close()


def test_the_roles_that_can_be_typed_are_those_there_are() -> None:
    assert tuple(people._ROLES) == ROLES


def test_an_account_is_made_with_a_password_from_standard_input(
    run: Run, typed: Callable[[str], None], sqlite_url: str
) -> None:
    typed(f"{PASSWORD}\n")
    made = run(
        "user",
        "add",
        "Ada Moe",
        "--role",
        "administrator",
        "--email",
        "ada@halden.example",
        "--password-stdin",
    )
    listed = run("user", "list", "--json").json["items"]

    assert made.code == 0
    assert PASSWORD not in made.out + made.err
    assert [{**one, "id": ""} for one in listed] == [
        {"id": "", "name": "Ada Moe", "email": "ada@halden.example", "roles": ["administrator"], "team": None, "state": "good"}
    ]  # fmt: skip
    assert lets_in(sqlite_url, "Ada Moe", PASSWORD)


@pytest.mark.parametrize(
    ("argv", "text", "code", "words"),
    [
        (["user", "add", "Ada", "--role", "administrator"], "", 2, "nobody is there to type a password"),
        (["user", "add", "Ada", "--role", "administrator", "--password-stdin"], "short\n", 2, "at least 12"),
        (["user", "add", "Ada", "--role", "administrator", "--password-stdin"], "", 2, "at least 12"),
        (["user", "add", "Ada", "--role", "boss"], "", 2, "boss"),
        (["user", "add", "Ada"], "", 2, "--role"),
        (["user", "role", "Nobody", "--role", "seller"], "", 1, "There is no account"),
        (["user", "team", "north", "--add", "Nobody"], "", 1, "There is no account"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_made(
    run: Run, typed: Callable[[str], None], sqlite_url: str, argv: list[str], text: str, code: int, words: str
) -> None:
    typed(text)
    ran = run(*argv)

    assert ran.code == code
    assert words in ran.err
    assert run("user", "list", "--json").json["items"] == []


def test_no_option_takes_a_password() -> None:
    def options(command: click.Command) -> list[str]:
        found = [name for one in command.params for name in one.opts]
        inner = command.commands.values() if isinstance(command, click.Group) else []
        return found + [name for one in inner for name in options(one)]

    named = [one for one in options(people.user_command) if "password" in one]
    assert set(named) == {"--password-stdin"}


def test_roles_teams_links_and_ends(run: Run, typed: Callable[[str], None], sqlite_url: str) -> None:
    typed(f"{PASSWORD}\n")
    run("user", "add", "Ada Moe", "--role", "administrator", "--password-stdin")
    link = run("user", "add", "Anna Lund", "--role", "seller", "--link")
    team = run("user", "team", "north", "--add", "Anna Lund", "--manager", "Ada Moe", "--json").json
    roles = run("user", "role", "anna lund", "--role", "planner", "--role", "seller").out

    assert re.fullmatch(r"/invite/[\w-]{43}", link.out.strip())
    assert (team["name"], team["manager"], team["people"]) == ("north", "Ada Moe", ["Anna Lund"])
    assert "Anna Lund is seller, planner now." in roles
    assert states(run) == {"Ada Moe": "good", "Anna Lund": "invited"}

    typed("other words, enough of them\n")
    assert run("user", "reset", "Anna Lund", "--password-stdin").code == 0
    assert lets_in(sqlite_url, "Anna Lund", "other words, enough of them")
    assert run("user", "disable", "Anna Lund").code == 0
    assert states(run)["Anna Lund"] == "disabled"
    assert not lets_in(sqlite_url, "Anna Lund", "other words, enough of them")
    assert run("user", "disable", "Anna Lund", "--undo").code == 0
    left = run("user", "team", "north", "--remove", "Anna Lund", "--json").json
    assert left["people"] == []
    last = run("user", "disable", "Ada Moe")
    assert (last.code, "only administrator" in last.err) == (5, True)


def states(run: Run) -> dict[str, Any]:
    return {one["name"]: one["state"] for one in run("user", "list", "--json").json["items"]}


def test_a_password_that_is_typed_is_asked_twice_and_not_shown(
    run: Run, typed: Callable[[str], None], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def prompt(text: str, **how: Any) -> str:
        asked.update(how, text=text)
        return PASSWORD

    monkeypatch.setattr(people.Terminal, "may_ask", True)
    monkeypatch.setattr(click, "prompt", prompt)
    run("user", "add", "Ada Moe", "--role", "administrator")

    assert asked == {
        "text": "Password for Ada Moe", "hide_input": True, "confirmation_prompt": True, "err": True,
    }  # fmt: skip
    db = db_of(sqlite_url)
    assert accounts.find(db, "Ada Moe").has_password
    db.close()
