"""Tries the pieces, one go after another, and records each when it is done: stop it at any time, start it again, it goes on."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable

from prove import records
from prove.model import Piece, Say
from prove.records import Control, Record


def prove(
    pieces: Iterable[Piece],
    kept: dict[str, Record],
    *,
    count_of: Callable[[Piece], int],
    seed: int,
    again: bool,
    until: float,
    say: Say,
    keep: Callable[[str, Record], None],
) -> bool:
    """Bring each piece to its count; whether nothing went wrong. `until` is a moment of time.monotonic()."""
    is_good = True
    for piece in pieces:
        record = kept.get(piece.id)
        if record is None or again:
            record = records.begun(seed)
        try:
            is_good = _piece(piece, record, count_of(piece), until, say, keep) and is_good
        except Exception:  # noqa: BLE001 - what one piece stumbles over must not keep the others from being tried
            say(f"{piece.id}: it could not be tried:\n{traceback.format_exc()}")
            is_good = False
        if record.count or record.control:
            kept[piece.id] = record
    return is_good


def _piece(
    piece: Piece, record: Record, count: int, until: float, say: Say, keep: Callable[[str, Record], None]
) -> bool:
    if record.control is None and time.monotonic() < until:
        say(f"{piece.id}: control: {piece.control_words}")
        found = piece.control(record.seed, say)
        if not found.failures:
            say(f"{piece.id}: the control found nothing: {piece.control_words}. This piece proves nothing.")
            return False
        record.control = Control(
            seed=record.seed, count=found.count, failures=len(found.failures), first=found.failures[0]
        )
        keep(piece.id, record)
    while record.count < count and time.monotonic() < until:
        seed, began = record.next_seed, time.monotonic()
        outcome = piece.run(min(piece.chunk, count - record.count), seed, say)
        record.add(outcome, time.monotonic() - began)
        keep(piece.id, record)
        say(
            f"{piece.id}: {record.count:,} of {count:,} {piece.unit}, {len(record.failures)} failures, seed {seed}"
        )
        if outcome.failures:
            for words in outcome.failures:
                say(f"  {words}")
            say(f"  Repeat it: python -m prove {piece.id} --seed {seed} --count {outcome.count} --dry")
            return False
    return not record.failures
