"""How do files become ours? A mapping says which table feeds what; every problem of all rows is said at once.

Files whose columns already have our names need no mapping.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from pathlib import Path

import msgspec

from accord.connect.files import mapping as mappings
from accord.connect.files.choices import Choices
from accord.connect.files.guess import guessed, made_feed
from accord.connect.files.mapping import Mapping, Source
from accord.connect.files.masters import Masters
from accord.connect.files.problems import Problems
from accord.connect.files.reader import Reader, Tables, columns_of
from accord.connect.files.tables import Table, load, table
from accord.connect.files.targets import TARGETS
from accord.connect.files.trade import HORIZON_DAYS_AFTER, Trade
from accord.connect.known import depth, records_there
from accord.connect.model import Finding, Kind, Notes, Question, Translation
from accord.exceptions.model import MasterStated, News
from accord.kit.days import Instant, local_day
from accord.kit.digest import canonical, digest
from accord.kit.errors import InputError
from accord.ledger.decide.graph import Graph, check
from accord.ledger.model import Record
from accord.policy.model import Book

_TRADE = frozenset(["on_hand", "receipts", "tiers", "customers", "prices", "commitments", "orders"])


class Reading(msgspec.Struct, frozen=True):
    """Tables and the mapping that they are read by."""

    source: str
    fingerprint: str  # of the mapping and of every file that it uses
    mapping: Mapping
    tables: dict[str, Table]
    choices: Choices
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows all feeds read."""
        return sum(len(self.tables[one.table].rows) for one in self.mapping.feeds if one.table in self.tables)


def read(
    paths: Sequence[Path],
    mapping: str | Path | None,
    *,
    source: str | None = None,
    say: Map[str, str] | None = None,
) -> Reading:
    """Open the files that the mapping uses; without a mapping, all of them by the names of their columns.

    Raises: InputError or Malformed naming the file, row and column that cannot be used.
    """
    text = None if mapping is None else mapping_text(mapping)
    return read_given(*given(paths), text, source=source, say=say, mapping_name=_stem(mapping))


def given(paths: Sequence[Path]) -> tuple[list[str], Callable[[str], bytes]]:
    """The names of files, folders opened, and how to read each. Raises: InputError when there is none, or two of one name."""
    files = _files(paths)
    return list(files), lambda name: load(files[name])


def mapping_text(mapping: str | Path) -> str:
    """What a mapping file says. Raises: InputError."""
    path = mappings.find(mapping)
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        detail = f"The mapping {path} cannot be read as UTF-8."
        raise InputError.at("mapping", "not_readable", detail) from None


def _stem(mapping: str | Path | None) -> str:
    return "plain" if mapping is None else Path(mapping).stem


def read_given(
    names: Sequence[str],
    data_of: Callable[[str], bytes],
    mapping: str | None,
    *,
    mapping_name: str,
    source: str | None = None,
    say: Map[str, str] | None = None,
) -> Reading:
    """The same of files by name, wherever their bytes are; `mapping` is TOML, `source` a name instead of the mapping's.

    Raises: InputError or Malformed naming the file, row and column that cannot be used.
    """
    choices = Choices(say)
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
    if mapping is None:
        contents = {name: data_of(name) for name in names}
        seen = guessed(contents, choices)
        found, tables, findings, questions = seen.mapping, seen.tables, seen.findings, seen.questions
    else:
        found = parsed(mapping, mapping_name, choices)
        used = {name: _file_of(one, names) for name, one in found.tables.items()}
        contents = {name: data_of(name) for name in dict.fromkeys(used.values())}
        tables = {
            name: table(used[name], contents[used[name]], one.format) for name, one in found.tables.items()
        }
    return Reading(
        f"files/{source or found.name}",
        fingerprint(mapping, contents, choices),
        found,
        tables,
        choices,
        findings,
        questions,
    )


def parsed(mapping: str, name: str, choices: Choices) -> Mapping:
    """The mapping that a TOML text says, with what somebody wants made. Raises: InputError."""
    found = mappings.parse(mapping, name)
    made = [made_feed(target, id) for target, id in choices.created()]
    order = list(TARGETS)
    feeds = sorted([*made, *found.feeds], key=lambda feed: order.index(feed.target))
    return msgspec.structs.replace(found, feeds=tuple(feeds))


def fingerprint(mapping: str | None, contents: Map[str, bytes], choices: Choices) -> str:
    """What makes two readings the same: the mapping, the files that it uses, and what was said."""
    parts = [
        digest((mapping or "").encode()),
        *(f"{name}={digest(contents[name])}" for name in sorted(contents)),
    ]
    if choices.said:
        parts.append(digest(canonical(choices.said)))
    return digest("\n".join(parts).encode())


def translate(
    reading: Reading,
    *,
    graph: Graph,
    book: Book,
    now: Instant,
    on_rows: Callable[[int, int], None] | None = None,
) -> Translation:
    """Everything the rows say, in our words, on top of the master data and the policy that are there.

    Raises: InputError with every problem, grouped by what to do about it.
    """
    found, today = reading.mapping, local_day(now, "UTC")
    currency = found.currency or book.rules.currency
    if currency != book.rules.currency:
        detail = f"The mapping is in {currency}, the rules are in {book.rules.currency}. Change one of them."
        raise InputError.at("mapping:currency", "other_currency", detail)
    problems, notes = Problems(), Notes()
    reader = Reader(
        Tables(found, reading.tables),
        today=today,
        currency=currency,
        problems=problems,
        notes=notes,
        required={name: target.required for name, target in TARGETS.items()},
        choices=reading.choices,
        questions=reading.questions,
        on_rows=on_rows,
    )
    masters = Masters(reader, graph)
    trade = Trade(reader, masters, book, reading.source, now)
    for feed in found.feeds:
        if feed.target in _TRADE:
            trade.read(feed)
        else:
            masters.read(feed)
    problems.stop(reading.questions, reader.rejected)
    records = masters.records()
    everything = _merged(records, graph)
    _note_unused(reading, notes)
    news: tuple[News, ...] = (
        *(MasterStated(record=record) for record in records),
        *trade.receipts.values(),
        *trade.counts,
        *trade.openings.values(),
    )
    latest = max((line.due_on for line in trade.lines.values()), default=None)
    return Translation(
        source=reading.source,
        news=news,
        policy=tuple(trade.policy.values()),
        lines=tuple(trade.lines.values()),
        notes=notes.all(),
        read={name: len(one.rows) for name, one in reading.tables.items()},
        tallies=_tallies(reading, reader, masters),
        horizon_on=None if latest is None else latest + HORIZON_DAYS_AFTER,
        depth_min=depth(everything),
        findings=reading.findings,
        rejected=tuple(reader.rejected),
        left_out=len(reader.rejected),
    )


def _merged(records: Sequence[Record], graph: Graph) -> list[Record]:
    """The new records with those that are there and stay.

    Raises: InputError naming each that does not fit to the others.
    """
    new = {(type(one), one.id) for one in records}
    everything = [one for one in records_there(graph) if (type(one), one.id) not in new]
    everything += records
    errors = check(everything)
    if errors:
        raise InputError(f"Nothing was imported: {errors[0].detail}", errors=errors)
    return everything


def _tallies(reading: Reading, reader: Reader, masters: Masters) -> dict[str, int]:
    """Where rows were left out, and of bills: rows read and what became of them; the parts add up."""
    found = dict(masters.tallies)
    for (target, reason), count in reader.skipped.items():
        found[f"{target}: {reason}"] = count
    counted = {name.partition(": ")[0] for name in found}
    for feed in reading.mapping.feeds:
        if feed.target in counted and feed.table != mappings.NO_TABLE:
            name = f"{feed.target}: rows read"
            found[name] = found.get(name, 0) + len(reading.tables[feed.table].rows)
    return dict(sorted(found.items()))


def _note_unused(reading: Reading, notes: Notes) -> None:
    """Columns that nobody asks for, so that a forgotten one is seen."""
    for name, one in reading.tables.items():
        used = _used_columns(reading.mapping, name)
        for column in one.columns:
            if column not in used:
                notes.add(Kind.skipped, f"columns of {one.file} that the mapping does not use", column)


def _used_columns(mapping: Mapping, name: str) -> set[str]:
    """The columns of a table that fields, conditions and joins look at."""
    used: set[str] = set()
    joins = []
    for feed in mapping.feeds:
        joins += [join for value in feed.fields.values() if (join := value.join) is not None]
        joins += [join for where in feed.where for join in (where.join, where.found_in) if join is not None]
        if feed.table == name:
            used.update(columns_of(feed))
    for join in joins:
        if join.table == name:
            used.update((join.key, join.take))
    return used


def _files(paths: Sequence[Path]) -> dict[str, Path]:
    """Every file that is given, folders opened, by name.

    Raises: InputError when there is none, or two of one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        inside = sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]
        for one in inside:
            if not one.is_file():
                raise InputError.at("path", "not_readable", f"There is no file {one}.")
            if one.name in found and found[one.name] != one:
                raise InputError.at(
                    "path", "two_of_one_name", f"Two files are called {one.name}. Import them one by one."
                )
            found[one.name] = one
    if not found:
        raise InputError.at("path", "no_file", "No file was given.")
    return found


def _file_of(source: Source, files: Sequence[str]) -> str:
    found = [name for name in files if fnmatch.fnmatch(name, source.file)]
    if len(found) == 1:
        return found[0]
    if not found:
        detail = f"The mapping needs a file {source.file}; given are {', '.join(sorted(files))[:300]}."
        raise InputError.at(f"mapping:{source.file}", "file_missing", detail)
    names = ", ".join(sorted(found))
    raise InputError.at(
        f"mapping:{source.file}", "ambiguous_file", f"{source.file} fits several files: {names}."
    )
