"""How are the accounts looked after with which people sign in?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.web.people.accounts import Account
    from accord.web.people.invites import Invited

_ROLES = ["seller", "service", "sales manager", "planner", "supply lead", "executive", "administrator"]

_takes_password = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, its first line."
)
_makes_link = click.option(
    "--link", is_flag=True, help="Make a link that sets a password, once, within a week."
)


@click.group("user")
def user_command() -> None:
    """People who sign in, their roles and teams."""


@user_command.command("add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    type=click.Choice(_ROLES),
    multiple=True,
    required=True,
    help="May be said several times.",
)
@click.option("--email", default="", help="May be typed instead of the name.")
@click.option("--team", default="", help="The team's name; made with `accord user team`.")
@_takes_password
@_makes_link
@takes_database
def add_command(
    terminal: Terminal,
    name: str,
    roles: tuple[str, ...],
    email: str,
    team: str,
    password_stdin: bool,
    link: bool,
) -> int:
    """Make an account. The name is the actor of all that is done with it, and stays."""
    from accord.web.people import accounts, invites

    password = None if link else _password(terminal, name, from_stdin=password_stdin)
    with terminal.database() as db:
        made = accounts.add(
            db, name, roles, by=accounts.COMMAND_LINE, email=email, team=team, password=password
        )
        if link:
            return _show_link(terminal, invites.invite(db, made.id))
    _give(terminal, made)
    terminal.say(f"{made.name} may sign in as {', '.join(made.roles)}.")
    terminal.next("accord serve")
    return 0


@user_command.command("list")
@takes_database
def list_command(terminal: Terminal) -> int:
    """List the accounts there are; passwords are not kept, only what checks them."""
    from accord.web.people import accounts

    with terminal.database() as db:
        found = accounts.listed(db)
    if terminal.as_json:
        terminal.give({"items": [_shown(one) for one in found], "next": None})
        return 0
    rows = [[one.name, ", ".join(one.roles), one.team, one.email, _state(one)] for one in found]
    terminal.table(["name", "roles", "team", "e-mail", "state"], rows)
    terminal.next(
        'accord user role NAME --role "sales manager"'
        if rows
        else "accord user add NAME --role administrator"
    )
    return 0


@user_command.command("role")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    type=click.Choice(_ROLES),
    multiple=True,
    required=True,
    help="All that he or she has from now on.",
)
@takes_database
def role_command(terminal: Terminal, name: str, roles: tuple[str, ...]) -> int:
    """Give somebody other roles, instead of those before."""
    from accord.web.people import accounts

    with terminal.database() as db:
        account = accounts.change(db, name, by=accounts.COMMAND_LINE, roles=roles)
    _give(terminal, account)
    terminal.say(f"{account.name} is {', '.join(account.roles)} now.")
    terminal.next("accord user list")
    return 0


@user_command.command("team")
@click.argument("team")
@click.option(
    "--add",
    "added",
    multiple=True,
    metavar="NAME",
    help="Who joins it, from whatever team; may be said several times.",
)
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Who leaves it.")
@click.option("--manager", metavar="NAME", help="Who manages it, from now on alone.")
@takes_database
def team_command(
    terminal: Terminal, team: str, added: tuple[str, ...], removed: tuple[str, ...], manager: str | None
) -> int:
    """Make a team, or change who is in it and who manages it."""
    from accord.web.people import accounts, teams

    with terminal.database() as db:
        made = teams.arrange(
            db, team, by=accounts.COMMAND_LINE, added=added, removed=removed, manager=manager
        )
    if terminal.as_json:
        terminal.give(
            {"id": made.id, "name": made.name, "manager": made.manager or None, "people": list(made.people)}
        )
    terminal.say(
        f"Team {made.name}: {', '.join(made.people) or 'nobody'}; manager {made.manager or 'nobody'}."
    )
    terminal.next("accord user list")
    return 0


@user_command.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let him or her in again.")
@takes_database
def disable_command(terminal: Terminal, name: str, undo: bool) -> int:
    """Let somebody in no longer: sessions end now, and the name stays with what was done under it."""
    from accord.web.people import accounts

    with terminal.database() as db:
        account = accounts.change(db, name, by=accounts.COMMAND_LINE, disabled=not undo)
    _give(terminal, account)
    terminal.say(
        f"{account.name} may sign in again."
        if undo
        else f"{account.name} is disabled, and signed out everywhere."
    )
    terminal.next("accord user list")
    return 0


@user_command.command("reset")
@click.argument("name")
@_takes_password
@_makes_link
@takes_database
def reset_command(terminal: Terminal, name: str, password_stdin: bool, link: bool) -> int:
    """Give somebody another password, or a link that sets one; he or she is signed out everywhere."""
    from accord.web.people import accounts, invites

    with terminal.database() as db:
        account = accounts.find(db, name)
        if link:
            return _show_link(terminal, invites.invite(db, account.id))
        password = _password(terminal, account.name, from_stdin=password_stdin)
        account = accounts.set_password(db, account.id, password)
    _give(terminal, account)
    terminal.say(f"{account.name} has another password, and is signed out everywhere.")
    terminal.next("accord user list")
    return 0


def _password(terminal: Terminal, name: str, *, from_stdin: bool) -> str:
    """Typed unseen twice, or the first line of standard input; never an argument, which other programs can read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not terminal.may_ask:
        raise click.UsageError("Say --password-stdin or --link: nobody is there to type a password.")
    typed: str = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _show_link(terminal: Terminal, made: Invited) -> int:
    from accord.kit.days import instant_iso

    path = f"/invite/{made.secret}"
    if terminal.as_json:
        terminal.give({**_shown(made.account), "link": path, "until": instant_iso(made.until)})
    terminal.say(path)
    terminal.note(
        f"This is the only time the link of {made.account.name} is shown. Put the server's address before it."
    )
    terminal.next("accord serve")
    return 0


def _give(terminal: Terminal, account: Account) -> None:
    if terminal.as_json:
        terminal.give(_shown(account))


def _shown(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "email": account.email or None,
        "roles": list(account.roles),
        "team": account.team or None,
        "state": _state(account),
    }


def _state(account: Account) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.has_password:
        return "good"
    return "invited" if account.invite_until is not None else "no password"
