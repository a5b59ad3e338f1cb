"""Lives many random lives, one seed after another, on both databases, and stops at the first that went wrong.

Each piece is a life of its own, so a run can be stopped at any time and go on with `--seed` at the next one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import postgres

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.simulation.run import simulate

ENGINES = ("sqlite", "postgresql")


@contextmanager
def empty_database(engine: str, server: str | None) -> Iterator[Database]:
    """An empty, migrated database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        if server is None:
            yield from _migrated(f"sqlite:///{folder}/accord.db")
        else:
            with postgres.database(server) as url:
                yield from _migrated(url)


def _migrated(url: str) -> Iterator[Database]:
    db = open_database(url)
    try:
        upgrade(db)
        yield db
    finally:
        db.close()


def piece(engine: str, server: str | None, seed: int, ops: int, *, hot: bool) -> list[str]:
    """One life; what went wrong in it."""
    console = Console(stderr=True)
    name = f"{engine}, seed {seed}, {'hot' if hot else 'cold'}"
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        empty_database(engine, server) as db,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task(name, total=ops)
        report = simulate(db, ops, seed, hot=hot, on_step=lambda _: bar.advance(task))
    click.echo(
        f"{name}: {report.ops:,} operations, {report.ops / report.seconds:,.0f} a second, "
        f"{len(report.violations)} violations"
    )
    return list(report.violations)


@click.command()
@click.option("--ops", default=20_000, help="Operations in each life.", show_default=True)
@click.option("--seed", default=1, help="The first seed.", show_default=True)
@click.option(
    "--lives",
    default=10,
    help="How many seeds; each is lived hot and cold on each database.",
    show_default=True,
)
@click.option("--engine", type=click.Choice([*ENGINES, "both"]), default="both", show_default=True)
def main(ops: int, seed: int, lives: int, engine: str) -> None:
    """Prove what can be proved by long random lives; exit 1 at the first violation."""
    done = 0
    for one in ENGINES if engine == "both" else (engine,):
        with _server(one) as server:
            for number in range(seed, seed + lives):
                for hot in (True, False):
                    violations = piece(one, server, number, ops, hot=hot)
                    if violations:
                        click.echo("\n".join(violations))
                        sys.exit(1)
                    done += ops
    # No failure in n trials bounds the rate at 3/n with 95 % confidence.
    click.echo(f"{done:,} operations, 0 violations: fewer than {3 / done:.1e} an operation (95 %)")


@contextmanager
def _server(engine: str) -> Iterator[str | None]:
    if engine == "sqlite":
        yield None
    else:
        with postgres.server() as url:
            yield url


if __name__ == "__main__":
    main()
