"""How does one look at the rules in force from the command line?"""

from __future__ import annotations

import click

from accord.cli.terminal import Terminal, takes_database


@click.group("policy")
def policy_command() -> None:
    """The rules in force."""


@policy_command.command("show")
@takes_database
def show_command(terminal: Terminal) -> int:
    """Show the rules, tiers and how many customers and prices there are."""
    import msgspec

    from accord.policy import service

    with terminal.database() as db, db.read() as tx:
        book = service.book(tx)
    rules = msgspec.to_builtins(book.rules)
    if terminal.as_json:
        tiers = [
            {"id": name, "rank": rank}
            for name, rank in sorted(book.tiers.items(), key=lambda one: (one[1], one[0]))
        ]
        terminal.give(
            {
                "version": book.version,
                "rules": rules,
                "tiers": tiers,
                "customers": len(book.customers),
                "prices": len(book.prices),
            }
        )
        return 0
    terminal.say(
        f"Policy version {book.version}: {len(book.customers)} customers, {len(book.tiers)} tiers, {len(book.prices)} prices"
    )
    terminal.table(
        ["rule", "value"],
        [[name, "none" if value is None else str(value)] for name, value in rules.items()],
        right=["value"],
    )
    terminal.next("accord ask …")
    return 0
