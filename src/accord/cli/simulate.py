"""How does one have a random life lived, and judged?"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from accord.cli.endings import DONE, ERROR
from accord.cli.terminal import Terminal

if TYPE_CHECKING:
    from accord.simulation.lives import Lived

_PLAIN_EVERY_SECONDS = 10.0
_LIVE_EVERY_SECONDS = 0.2


class Operations(click.ParamType[int]):
    """A count of operations: 500, 200k or 1M."""

    name = "operations"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d[\d_,]*)([kKmM]?)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no count of operations; write 500, 200k or 1M.", param, ctx)
        count = int(re.sub("[_,]", "", found[1])) * {"": 1, "k": 1_000, "m": 1_000_000}[found[2].lower()]
        if count < 1:
            self.fail("at least 1 operation must be done.", param, ctx)
        return count


@click.command("simulate")
@click.option(
    "--ops", type=Operations(), default="10k", show_default=True, help="How many operations: 500, 200k, 1M."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed is the same life."
)
@click.option(
    "--hot/--cold", default=True, help="Everybody wants the same 5 items, or 300. Default: the same."
)
@click.option(
    "--mutant",
    metavar="NAME",
    help="Break a guard on purpose, to see that somebody notices; list names them.",
)
@click.option(
    "--db", metavar="URL", help="An EMPTY database to live in. Default: a new one, gone at the end."
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="Lives at the same time, of more than 100,000 operations. Default: as many as there are cores.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def simulate_command(
    ops: int,
    seed: int,
    hot: bool,
    mutant: str | None,
    db: str | None,
    processes: int | None,
    as_json: bool,
) -> int:
    """Live a random life and have it judged.

    Requests, holds, orders, shipments, news and midnights in random order go through the real doors into a database of
    its own, never yours; after every step an auditor that shares no code with them judges the rows. 1 on a violation.
    """
    from accord.kit.processes import cores
    from accord.simulation.lives import live
    from accord.simulation.mutants.known import MUTANTS

    terminal = Terminal(db=db, as_json=as_json)
    if mutant == "list":
        return _list(terminal)
    if mutant is not None and mutant not in MUTANTS:
        known = "\n".join(f"  {name}: {one.words} ({_where(one.seen_in)})" for name, one in MUTANTS.items())
        raise click.UsageError(f"No mutant is called {mutant}. Known are:\n{known}")
    told = _Told(terminal, seed, ops)
    lived = live(
        ops,
        seed,
        hot=hot,
        mutant=mutant,
        url=_url(db),
        told=told,
        processes=processes or cores(),
    )
    told.end()
    _say(terminal, lived)
    return ERROR if lived.found else DONE


def _url(given: str | None) -> str | None:
    from accord.cli.opening import database_url

    return database_url(given) if given else None


def _where(seen_in: str) -> str:
    return f"seen in {seen_in}" if seen_in != "foreseen" else "foreseen, not seen elsewhere"


def _list(terminal: Terminal) -> int:
    from accord.simulation.mutants.known import MUTANTS

    if terminal.as_json:
        terminal.give(
            {
                "items": [
                    {"id": name, "what": one.words, "seen_in": one.seen_in} for name, one in MUTANTS.items()
                ],
                "next": None,
            }
        )
    else:
        terminal.table(
            ["mutant", "what is broken", "seen in"],
            [[name, one.words, one.seen_in] for name, one in MUTANTS.items()],
        )
    terminal.next("accord simulate --mutant M8")
    return DONE


def _say(terminal: Terminal, lived: Lived) -> None:
    if terminal.as_json:
        import json

        result = {
            "ops": lived.ops,
            "violations": len(lived.found),
            "seed": lived.seed,
            "seconds": round(lived.seconds, 1),
            "ops_per_second": round(lived.ops / max(lived.seconds, 0.001)),
            "mutant": lived.mutant,
            "hot": lived.hot,
            "lives": lived.lives,
            "found": list(lived.found),
        }
        click.echo(json.dumps(result, ensure_ascii=False))  # one line: the last one of the output
    rate = lived.ops / max(lived.seconds, 0.001)
    mark = "✘" if lived.found else "✔"
    terminal.say(
        f"{mark} {lived.ops:,} operations, {rate:,.0f}/s, violations {len(lived.found)}, seed {lived.seed}"
    )
    for words in lived.found:
        terminal.say(f"  {words}")
    if lived.mutant is not None:
        noticed = f"noticed after {lived.ops:,} operations" if lived.found else "NOT noticed"
        terminal.say(f"The mutant {lived.mutant} was {noticed}.")
    if lived.found:
        terminal.say(f"Repeat it: {lived.repeat}")
    terminal.next("accord simulate --mutant list" if lived.mutant is None else "accord simulate --ops 100k")


class _Told:
    """Says how far it is: one line that moves on a terminal, lines now and then elsewhere."""

    def __init__(self, terminal: Terminal, seed: int, ops: int) -> None:
        from accord.cli.terminal import is_plain

        self._is_live = sys.stderr.isatty() and not is_plain()
        self._terminal, self._seed, self._ops = terminal, seed, ops
        self._began = self._said = time.monotonic()

    def __call__(self, ops: int, violations: int) -> None:
        now = time.monotonic()
        if now - self._said < (_LIVE_EVERY_SECONDS if self._is_live else _PLAIN_EVERY_SECONDS):
            return
        self._said = now
        rate = ops / max(now - self._began, 0.001)
        line = (
            f"{ops:,} of {self._ops:,} ops · {rate:,.0f} ops/s · violations {violations} · seed {self._seed}"
        )
        if self._is_live:
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)
        else:
            self._terminal.note(line)

    def end(self) -> None:
        """Leave the line free for what comes next."""
        if self._is_live:
            click.echo("\r\x1b[K", nl=False, err=True)
