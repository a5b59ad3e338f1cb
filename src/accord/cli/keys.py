"""How are the keys looked after with which programs sign in?"""

from __future__ import annotations

import click

from accord.cli.terminal import Terminal, takes_database

_SCOPES = ["ask", "promise", "supply", "admin"]


@click.group("key")
def key_command() -> None:
    """Keys with which programs sign in."""


@key_command.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(_SCOPES),
    multiple=True,
    required=True,
    help="What it may do; may be said several times.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), help="For how many days it is good. Default: until revoked."
)
@takes_database
def add_command(terminal: Terminal, name: str, scopes: tuple[str, ...], days: int | None) -> int:
    """Make a key and show it, once."""
    from accord.web.people import keys

    with terminal.database() as db:
        made = keys.add(db, name, scopes, days=days)
    if terminal.as_json:
        terminal.give(
            {
                "id": made.id,
                "name": made.name,
                "scopes": list(made.scopes),
                "secret": made.secret,
                "expires_at": keys.moment(made.expires_at),
            }
        )
    terminal.say(made.secret)
    terminal.note(f"This is the only time the key of {made.name} is shown: Accord keeps a hash of it.")
    terminal.next('curl -H "Authorization: Bearer KEY" http://127.0.0.1:8470/v1/items')
    return 0


@key_command.command("list")
@takes_database
def list_command(terminal: Terminal) -> int:
    """List the keys there are; what they are is not kept."""
    from accord.web.people import keys

    with terminal.database() as db:
        found = keys.listed(db)
    if terminal.as_json:
        items = [
            {
                "id": one.id,
                "name": one.name,
                "scopes": list(one.scopes),
                "created_at": keys.moment(one.created_at),
                "expires_at": keys.moment(one.expires_at),
                "revoked_at": keys.moment(one.revoked_at),
            }
            for one in found
        ]
        terminal.give({"items": items, "next": None})
        return 0
    rows = [
        [one.id, one.name, " ".join(one.scopes), one.state, keys.moment(one.expires_at) or "never"]
        for one in found
    ]
    terminal.table(["id", "name", "scopes", "state", "expires"], rows)
    terminal.next("accord key add NAME --scope ask" if not rows else "accord key revoke ID")
    return 0


@key_command.command("revoke")
@click.argument("key", metavar="ID")
@takes_database
def revoke_command(terminal: Terminal, key: str) -> int:
    """End a key, by its id or its name."""
    from accord.web.people import keys

    with terminal.database() as db:
        ended = keys.revoke(db, key)
    if terminal.as_json:
        terminal.give({"id": ended.id, "name": ended.name, "revoked_at": keys.moment(ended.revoked_at)})
    terminal.say(f"Revoked {ended.name} ({ended.id}).")
    terminal.next("accord key list")
    return 0
