"""How does a command end: with which exit code, and which words?

Whatever goes wrong ends here, once. With --json there is still exactly one object on standard output, then with
the member `error`; people read a sentence on standard error, and below it each field with what to do.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from accord.kit.errors import AccordError

DONE, ERROR, USAGE, CANNOT, APPROVAL, CHANGED, STALE, LATER = range(8)
INTERRUPTED = 130  # what shells give a program that Ctrl-C ended


def run(command: click.Command, argv: Sequence[str]) -> int:
    """Run a command to its end and say how it ended; the exit code."""
    as_json = "--json" in argv[: argv.index("--")] if "--" in argv else "--json" in argv
    try:
        code = command.main(list(argv), prog_name="accord", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        return _usage(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        # A transaction that was open is rolled back by then.
        return _say_error(
            "interrupted",
            "Stopped. What was done before is kept, what was under way is undone.",
            INTERRUPTED,
            as_json,
        )
    except BrokenPipeError:
        # Whoever read the output has gone (`accord promises | head`); python must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        from accord.kit.errors import AccordError

        if isinstance(error, AccordError):
            return _known(error, as_json=as_json)
        if as_json:
            _print_json({"error": {"code": "fault", "detail": f"{type(error).__name__}: {error}"}})
        raise


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(context.get_usage(), err=True)
    code = _say_error("usage", error.format_message(), USAGE, as_json)
    if context is not None:
        click.echo(f"Try: {context.command_path} --help", err=True)
    return code


def _say_error(code: str, detail: str, exit_code: int, as_json: bool) -> int:
    if as_json:
        _print_json({"error": {"code": code, "detail": detail}})
    click.echo(f"accord: {detail}", err=True)
    return exit_code


def _known(error: AccordError, *, as_json: bool) -> int:
    from accord.kit.errors import Fault, as_problem
    from accord.kit.ids import new_id

    if as_json:
        _print_json({"error": as_problem(error, request_id=new_id("req"), instance="")})
    click.echo(f"accord: {error.detail}", err=True)
    for field in error.errors:
        if field.detail != error.detail:
            click.echo(f"  {field.pointer}: {field.detail}", err=True)
    if isinstance(error, Fault):
        click.echo("  This is a mistake of Accord; nothing was changed. Please report it.", err=True)
    return error.exit_code


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))
