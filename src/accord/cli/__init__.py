"""What can one type?

Commands stand by noun in the modules beside this one, and each is loaded when it is typed: `accord --help` imports
no web, no database and no tables. Exit codes, the same for all: 0 done or yes, 1 error, 2 wrong usage or input,
3 cannot promise, 4 needs approval, 5 changed meanwhile, 6 data too old, 7 unavailable, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

# Command -> the module that holds it; in the order in which `accord --help` lists them.
COMMANDS = {
    "demo": "server",
    "serve": "server",
    "ask": "promising",
    "hold": "promising",
    "quote": "promising",
    "commit": "promising",
    "amend": "promising",
    "release": "promising",
    "cancel": "promising",
    "approvals": "approvals",
    "approve": "approvals",
    "decline": "approvals",
    "promises": "promises",
    "show": "promises",
    "exceptions": "promises",
    "replay": "proof",
    "verify": "proof",
    "checkpoint": "proof",
    "doctor": "database",
    "backup": "database",
    "restore": "database",
    "import": "imports",
    "imports": "imports",
    "promise-open": "files",
    "atp-views": "files",
    "jobs": "upkeep",
    "outbox": "upkeep",
    "user": "people",
    "key": "keys",
    "simulate": "simulate",
    "policy": "policy",
}


class Commands(click.Group):
    """The group of all commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"accord.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"accord {version('accord')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say the version."
)
def accord() -> None:
    """Accord: every promise to a customer is decided against real supply.

    Start with `accord demo`, or ask: accord ask "500 X-100 by 12 mar for Northwind".
    Every command takes --db (or ACCORD_DB) and --json.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    from accord.cli.endings import run

    return run(accord, sys.argv[1:] if argv is None else list(argv))
