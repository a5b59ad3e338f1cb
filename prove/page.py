"""How what was tried becomes docs/reliability.md: the words from here, every figure from the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prove.model import Piece
from prove.records import ROOT, Record

FILE = ROOT / "docs" / "reliability.md"

_HEAD = """\
# Reliability

What Accord must not do, whatever fails: lose what it acknowledged, promise what is not there, or answer the same request
twice in two ways. This page says how that was tried, how often, and what came of it. It is written by `make prove` from
[reliability.json](reliability.json); `make test` runs the same code at smaller counts. Every piece has a **control**: the same with one guard
taken away, which must fail, or the piece proves nothing.

Run it yourself: `make prove` goes on where it was stopped, `make prove ARGS="--list"` says what there is, and
`.venv/bin/python -m prove R5-engine --seed 12 --count 10 --dry` repeats a part of it.

## What may fail

| fault | what is assumed |
|---|---|
| a process | it may be killed at any instruction; what the operating system was given is kept |
| the machine | power may fail at any write; what was synced is kept, what was not may be there, in part, or not at all |
| the disk | any read, write or sync may fail or the disk be full; a disk that says it synced and did not is not survived |
| the database server | PostgreSQL may be killed at any moment and starts again by itself from its log; `fsync` and `synchronous_commit` are on |
| the network | a request or its reply may be lost; the client repeats it with the same id |
| clocks | those of the application's machines may be wrong by a day and jump; the database's clock decides |
| people and systems | requests may come twice, out of order, changed, all at once, or as nonsense |

No failure in *n* tries bounds the rate of failures at 3/*n* with 95 % confidence: that is the last column but one.
"""

_TAIL = """
## What is not covered

- Several databases that follow each other (a standby that takes over), and the return of an old primary.
- A disk that lies about having synced, memory that flips bits, and somebody who may write to the database's files.
  Of the last, the audit chain tells, back to the last exported checkpoint.
- Runs of the release size, unless the counts above say so.
"""


def write(pieces: Iterable[Piece], kept: dict[str, Record]) -> None:
    """Replace the page."""
    FILE.write_text(text(tuple(pieces), kept), encoding="utf-8")


def text(pieces: tuple[Piece, ...], kept: dict[str, Record]) -> str:
    """The page."""
    return _HEAD + "".join(_pieces(pieces, kept)) + "".join(_limits(pieces)) + _TAIL


def _pieces(pieces: tuple[Piece, ...], kept: dict[str, Record]) -> Iterator[str]:
    yield "\n## What was tried\n\n"
    yield "| id | property | tried | failures | at most (95 %) | seeds | time |\n|---|---|---:|---:|---:|---|---:|\n"
    for piece in pieces:
        record = kept.get(piece.id)
        if record is None or not record.count:
            yield f"| {piece.id} | {piece.claim} | not yet (of {piece.sizes.prove:,} {piece.unit}) | | | | |\n"
            continue
        bound = f"{3 / record.count:.1e}" if not record.failures else ""
        last = record.next_seed - 1
        seeds = f"{record.seed}" if last == record.seed else f"{record.seed} to {last}"
        yield (
            f"| {piece.id} | {piece.claim} | {record.count:,} of {piece.sizes.prove:,} {piece.unit} | {len(record.failures)} "
            f"| {bound} | {seeds} | {_time(record.seconds)} |\n"
        )
    yield "\n## How, and what happens without the guard\n"
    for piece in pieces:
        yield f"\n### {piece.id}\n\n{piece.claim}\n\n- **Done to it:** {piece.fault}\n"
        record = kept.get(piece.id)
        if record is not None and record.facts:
            counted = ", ".join(f"{name} {number:,}" for name, number in sorted(record.facts.items()))
            yield f"- **Counted:** {counted}.\n"
        if record is not None and record.control is not None:
            control = record.control
            yield (
                f"- **Control:** {piece.control_words} It then went wrong in {control.failures:,} of {control.count:,} tries "
                f"(seed {control.seed}): {_one_line(control.first)}\n"
            )
        else:
            yield f"- **Control:** {piece.control_words} Not run yet.\n"
        if record is not None and record.count:
            code = f"{record.commit} at first, {record.until} at last" if record.until else record.commit
            yield f"- **Run:** commit {code}, {record.on}, {record.machine}.\n"
            for failure in record.failures[:5]:
                yield f"- **Failed:** {_one_line(failure)}\n"


def _limits(pieces: tuple[Piece, ...]) -> Iterator[str]:
    said = [piece for piece in pieces if piece.not_covered]
    if said:
        yield "\n## What a piece does not show\n\n"
    for piece in said:
        yield f"- {piece.id}: {piece.not_covered}\n"


def _one_line(words: str) -> str:
    short = " ".join(words.split())
    return short if len(short) <= 300 else short[:297] + "..."


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
