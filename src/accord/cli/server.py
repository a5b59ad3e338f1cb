"""How is Accord started: the server, and the demo?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from accord.cli.terminal import Terminal, takes_database

if TYPE_CHECKING:
    from accord.promise.model import Decision

PORT = 8470


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many; more than one needs PostgreSQL.",
)
@click.option(
    "--open", "is_open", is_flag=True, help="Let anybody on this machine in without a key. For trying it out."
)
@click.option(
    "--rate",
    type=click.IntRange(0),
    default=1_000,
    show_default=True,
    help="Requests a second that one key may send to a process; 0: no limit.",
)
@click.option(
    "--practice",
    metavar="URL",
    help="The second database, for practice: a copy of the live one. A file has one beside it.",
)
@takes_database
def serve_command(
    terminal: Terminal, host: str, port: int, processes: int, is_open: bool, rate: int, practice: str | None
) -> int:
    """Serve the API and the pages.

    A database file has one server, PostgreSQL as many as you like. The command line works beside it: it writes in turn
    with the server, and exits with 7 where it had to wait too long.
    """
    from accord.cli.opening import database_url
    from accord.web.people import accounts, keys
    from accord.web.server import serving

    with terminal.database() as db:  # made and brought up to date before anybody is let in
        is_new = not (is_open or accounts.exist(db) or keys.exists(db))
    serving.serve(
        database_url(terminal.db),
        host=host,
        port=port,
        processes=processes,
        is_open=is_open,
        rate=rate,
        practice_url=database_url(practice) if practice else None,
        started=_Started(terminal, is_new=is_new),
        noted=terminal.note,
    )
    terminal.note("Stopped. Everything that was answered is kept.")
    return 0


@click.command("demo")
@click.option("--no-serve", is_flag=True, help="Load and promise, then end.")
@click.option("--reset", is_flag=True, help="Make the demo company anew.")
@click.option(
    "--seed", type=click.IntRange(0), default=7, show_default=True, help="Which company is generated."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one."
)
@takes_database
def demo_command(terminal: Terminal, no_serve: bool, reset: bool, seed: int, port: int) -> int:
    """Load the demo company, promise a morning, serve it.

    Halden Pumps lives in a file of its own, or in the database you name when that is empty.
    """
    from accord.cli.opening import database_url, opened
    from accord.db.engine import open_database
    from accord.demo import people
    from accord.demo import service as demo

    name = "demo.db"  # its own file, unless a database is named
    if reset:
        db = open_database(database_url(terminal.db, name=name))
        try:
            demo.reset(db)
        finally:
            db.close()
    with opened(terminal.db, note=terminal.note, name=name) as db:
        with terminal.progress("Load Halden Pumps") as bar:
            loaded = demo.load(db, seed=seed, on_progress=bar)
        terminal.say(loaded.sentence)
        with terminal.progress("Promise the morning") as bar:
            decisions = demo.morning(db, on_progress=bar)
        _show(terminal, db, decisions, seed=loaded.seed, is_new=loaded.is_new)
        people.settle(db)
    if no_serve:
        terminal.next("accord demo")
        return 0
    from accord.demo.pages import EXTRAS
    from accord.web.server import serving

    serving.serve(
        database_url(terminal.db, name=name),
        host="127.0.0.1",
        port=port,
        processes=1,
        is_open=True,
        extras=EXTRAS,
        started=_Started(terminal),
        noted=terminal.note,
    )
    return 0


class _Started:
    """Says where the server listens, as soon as it does."""

    def __init__(self, terminal: Terminal, *, is_new: bool = False) -> None:
        self._terminal = terminal
        self._is_new = is_new

    def __call__(self, address: str) -> None:
        self._terminal.note(f"Serving {address}  (Ctrl-C stops it)")
        if self._is_new:
            self._terminal.note(
                "Nobody can sign in yet. Make the first account in another terminal, on the same database: "
                'accord user add "Your Name" --role administrator'
            )


def _show(terminal: Terminal, db: object, decisions: list[Decision], *, seed: int, is_new: bool) -> None:
    from accord.db.engine import Database
    from accord.promise import said
    from accord.promise.api.catalogue import catalogue
    from accord.promise.api.wire import decision_out

    assert isinstance(db, Database)
    known = catalogue(db)
    if terminal.as_json:
        terminal.give(
            {
                "decisions": [decision_out(one, known.units) for one in decisions],
                "seed": seed,
                "is_new": is_new,
                "promised": sum(said.is_done(one) for one in decisions),
            }
        )
        return
    for decision in decisions:
        lines = ", ".join(
            f"{known.units.quantity(line.quantity, line.item)} {line.item}" for line in decision.request.lines
        )
        by = (
            said.day(max(line.requested_on for line in decision.request.lines), known.names.today)
            if lines
            else ""
        )
        terminal.say(f"{decision.request.verb.value:>7}  {lines} by {by} for {decision.request.customer}")
        terminal.say(f"         {said.VERDICTS[decision.verdict]}: {decision.sentence}")
    kept = sum(said.is_done(one) for one in decisions)
    terminal.say(f"{len(decisions)} requests, {kept} promised.")
