"""Parity: the same operations leave the same ledger on SQLite and on PostgreSQL, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from accord.db.engine import Database
from accord.db.schema import metadata
from accord.simulation.mutants.known import active
from prove.grounds import fresh, opened
from prove.model import Outcome, Piece, Say, Sizes
from prove.stories import story

STEPS = 40  # of a sequence
_CHANCE = {"audit": {"salt"}}  # what is drawn anew on purpose, by table
Rows = Mapping[str, list[tuple[Any, ...]]]


def _run(
    count: int, seed: int, say: Say, *, rule: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Outcome:
    """So many sequences; on SQLite they are lived under `rule`."""
    failures: list[str] = []
    facts = {"operations": 0, "rows compared": 0}
    for number in range(count):
        own = seed * 1_000_003 + number
        with fresh("sqlite") as url, opened(url) as db, rule():
            one = _lived(db, own)
        with fresh("postgresql") as url, opened(url) as db:
            other = _lived(db, own)
        facts["operations"] += STEPS
        facts["rows compared"] += sum(map(len, one.values()))
        failures += [f"story {own}: {words}" for words in _differences(one, other)[:3]]
        if number % 20 == 19:
            say(f"  {number + 1} sequences, {len(failures)} differences")
    return Outcome(count=count, failures=tuple(failures), facts=facts)


def _lived(db: Database, seed: int) -> Rows:
    with story(db, seed) as told:
        for _ in range(STEPS):
            told.step()
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with db.read() as tx:
        for name, table in metadata.tables.items():
            columns = [column.name for column in table.c if column.name not in _CHANCE.get(name, ())]
            order = ", ".join(f'"{column.name}"' for column in table.primary_key)
            listed = ", ".join(f'"{column}"' for column in columns)
            # Every row of the table, by primary key.
            found = tx.rows(f'SELECT {listed} FROM "{name}" ORDER BY {order}')
            rows[name] = [tuple(_plain(value) for value in row) for row in found]
    return rows


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _differences(one: Rows, other: Rows) -> list[str]:
    found = []
    for name in sorted(one):
        mine, theirs = one[name], other[name]
        if mine == theirs:
            continue
        pair = next(
            ((a, b) for a, b in zip(mine, theirs, strict=False) if a != b), (mine[len(theirs) :][:1], theirs[len(mine) :][:1])
        )  # fmt: skip
        found.append(
            f"{name} has {len(mine)} rows on SQLite and {len(theirs)} on PostgreSQL; {_apart(*pair)}"
        )
    return found


def _apart(one: Any, other: Any) -> str:
    """Where two rows begin to differ."""
    a, b = repr(one), repr(other)
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
    return f"{a[:60]} at {at}: {a[max(0, at - 60) : at + 60]} and {b[max(0, at - 60) : at + 60]}"


def _another_rule(seed: int, say: Say) -> Outcome:
    return _run(2, seed, say, rule=lambda: active("M8 without gate"))


PIECES = (
    Piece(
        id="R16-parity",
        claim="The same operations leave the same rows in every table on SQLite and on PostgreSQL: ids, moments, audit hashes and all.",
        fault=f"Stories of {STEPS} operations of every kind, the same on both, with clock and ids given.",
        unit="sequences",
        sizes=Sizes(test=2, prove=200, release=10_000),
        chunk=50,
        run=_run,
        control=_another_rule,
        control_words="On SQLite alone, only the due day is looked at.",
        is_slow=True,
    ),
)
