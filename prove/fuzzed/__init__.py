"""Fuzz: does any input, however it was made, bring a parser down, take it long, or leave half of itself behind?

Every file and line that people and systems hand in: tables as CSV, workbook and JSON, planning models, mappings, files of
rights, the words of a question. Each is made from a good one, or is a known attack; whoever reads it must answer or refuse.
"""

from __future__ import annotations

import csv
import io
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import FrameType
from unittest import mock

import msgspec

from accord.connect import service
from accord.connect.files import mapping as mappings
from accord.connect.files import tables
from accord.connect.files import translate as files
from accord.connect.files.rejected import as_csv, harmless
from accord.connect.frepple import read as frepple
from accord.connect.frepple.translate import translate as translate_frepple
from accord.connect.model import Rejected
from accord.db.engine import Database
from accord.exceptions.service import supply_changed
from accord.kit.errors import AccordError, Fault
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Item, Site
from accord.policy import words as rights
from accord.policy.model import Book, Rules
from accord.promise.words import read_words
from prove.fuzzed.inputs import CANARY, Given, made
from prove.grounds import fresh, opened
from prove.model import Outcome, Piece, Say, Sizes

SECONDS_MAX = 5.0
_STOP_SECONDS = 20.0
_IMPORTED_EVERY = 20  # so many inputs that are tables are also brought into a ledger
NOW = 1_772_452_800_000_000  # 2026-03-02 12:00 UTC
TODAY = 739_677
GRAPH = Graph(0, [Item(id="X-1", name="X"), Item(id="007", name="Y", scale=10), Site(id="lyon", name="Lyon")])
BOOK = Book(version=0, rules=Rules(), customers={}, tiers={}, prices={})


class TooLong(BaseException):
    """It was still at it when it was stopped."""


# --- who reads -----------------------------------------------------------------------------------------


def _table(given: Given) -> None:
    """As an import does: recognise, read, translate; what is given back of it is no formula."""
    name = given.name
    data = tables.unpacked(name, given.data, 64 * 1024**2)
    reading = files.read_given([name], lambda _: data, None, mapping_name="plain")
    for table in reading.tables.values():
        _no_secrets([table.file, *table.columns, *(cell for _, cells in table.rows for cell in cells)])
        _no_formulas(table)
    files.translate(reading, graph=GRAPH, book=BOOK, now=NOW)


def _mapping(given: Given) -> None:
    text = given.data.decode("utf-8", "replace")
    mappings.parse(text, "given")
    plain = b"item,site,quantity,due\nX-1,lyon,3,2026-04-01\n"
    reading = files.read_given(["s.csv"], lambda _: plain, text, mapping_name="given")
    files.translate(reading, graph=GRAPH, book=BOOK, now=NOW)


def _model(given: Given) -> None:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(given.data)
        file.flush()
        model = frepple.read(Path(file.name))
    translate_frepple(model, today=TODAY, reopen=False)
    translate_frepple(model, today=TODAY, reopen=True)


def _words(given: Given) -> None:
    for line in given.data.decode("utf-8", "replace").splitlines():
        read_words(line, TODAY)


def _rights(given: Given) -> None:
    text = given.data.decode("utf-8", "replace")
    edition = rights.read(text, currency="EUR")
    rights.read_cases(text, edition, currency="EUR")


READERS: dict[str, Callable[[Given], None]] = {
    "csv": _table,
    "json": _table,
    "excel": _table,
    "mapping": _mapping,
    "model": _model,
    "words": _words,
    "rights": _rights,
}


def _no_secrets(cells: list[str]) -> None:
    if any(CANARY in cell for cell in cells):
        raise AssertionError("a cell holds what stands in another file of this machine")


def _no_formulas(table: tables.Table) -> None:
    rows = [
        Rejected(
            file=table.file,
            row=number,
            column="",
            code="x",
            why="",
            cells=dict(zip(table.columns, cells, strict=True)),
        )
        for number, cells in table.rows[:20]
    ]
    for row in csv.reader(io.StringIO(as_csv(rows), newline="")):
        for cell in row:
            if harmless(cell) != cell:
                raise AssertionError(f"{cell[:40]!r} is given back as a formula")


# --- what is tried -------------------------------------------------------------------------------------


def run(count: int, seed: int, say: Say) -> Outcome:
    """Read so many inputs; every twentieth table is also brought into a ledger that must then be as before, or sound."""
    failures: list[str] = []
    facts = {"answered": 0, "refused": 0, "brought_in": 0, "kept_out": 0, "slowest_ms_max": 0}
    with fresh("sqlite") as url, opened(url) as db, _canary() as canary:
        _stock(db)
        for number in range(count):
            given = made(random.Random(f"{seed}:{number}"), canary)
            began = time.monotonic()
            why = _tried(given, facts)
            if why is None and number % _IMPORTED_EVERY == 0 and given.kind in ("csv", "json", "excel"):
                why = _imported(db, given, facts)
            took = time.monotonic() - began
            facts["slowest_ms_max"] = max(facts["slowest_ms_max"], int(took * 1_000))
            if why is None and took > SECONDS_MAX:
                why = f"took {took:.1f} s"
            if why is not None:
                failures.append(f"seed {seed}, input {number} ({given.kind}, {given.what}): {why}")
                if len(failures) >= 10:
                    return Outcome(count=number + 1, failures=tuple(failures), facts=facts)
            if number % 2_000 == 1_999:
                say(f"{number + 1:,} inputs, {len(failures)} failures")
    return Outcome(count=count, failures=tuple(failures), facts=facts)


def _tried(given: Given, facts: dict[str, int]) -> str | None:
    """None when it was read or refused; otherwise what went wrong."""
    try:
        with _stopped_after(_STOP_SECONDS):
            READERS[given.kind](given)
    except AccordError as error:
        if isinstance(error, Fault):
            return f"a fault: {error.detail[:200]}"
        facts["refused"] += 1
        return None if error.detail else "it was refused without a word"
    except TooLong:
        return f"still at it after {_STOP_SECONDS:.0f} s"
    except MemoryError:
        return "it ran out of memory"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}"
    facts["answered"] += 1
    return None


def _imported(db: Database, given: Given, facts: dict[str, int]) -> str | None:
    before = _everything(db)
    try:
        service.import_pasted(db, {given.name: given.data}, actor="fuzz")
    except AccordError:
        facts["kept_out"] += 1
        return None if _everything(db) == before else "it was refused and left something behind"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"on its way in, {type(error).__name__}: {str(error)[:200]}"
    facts["brought_in"] += 1
    return None


def _everything(db: Database) -> str:
    """A digest of all rows of all tables."""
    seen = sha256()
    with db.read() as tx:
        names = [
            name for (name,) in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        for name in names:
            for row in sorted(map(repr, tx.rows(f'SELECT * FROM "{name}"'))):
                seen.update(row.encode())
    return seen.hexdigest()


def _stock(db: Database) -> None:
    from accord.exceptions.model import MasterStated

    records = (Item(id="X-1", name="X"), Item(id="007", name="Y", scale=10), Site(id="lyon", name="Lyon"))
    supply_changed(db, [MasterStated(record=one) for one in records], actor="fuzz", id="masters")


@contextmanager
def _canary() -> Iterator[Path]:
    """A file that nothing which is handed in may reach."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(CANARY)
        file.flush()
        yield Path(file.name)


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- without a guard -----------------------------------------------------------------------------------


def control(seed: int, say: Say) -> Outcome:
    """The same with a JSON reader that lets the errors of its parser through."""

    def bare(name: str, data: bytes, encoding: str) -> object:
        found: object = msgspec.json.decode(tables.decoded(name, data, encoding).encode())
        return found

    with mock.patch.object(tables, "_json", bare):
        return run(400, seed, say)


PIECES = (
    Piece(
        id="S6-fuzz",
        claim="No input brings a parser down, takes it over 5 s, reaches another file, or comes in by halves.",
        fault="Tables, workbooks, JSON, planning models, mappings, rights and questions are made from good ones by cutting,"
        " doubling and poisoning, or are known attacks: bombs, entities, 100,000 columns, deep nesting, NUL, UTF-16.",
        unit="inputs",
        sizes=Sizes(test=300, prove=50_000, release=1_000_000),
        chunk=5_000,
        run=run,
        control=control,
        control_words="The JSON reader lets the errors of its parser through.",
        not_covered="X12 and EDIFACT are not read yet. Models come in as JSON: the product reads no XML but that of workbooks.",
    ),
)
