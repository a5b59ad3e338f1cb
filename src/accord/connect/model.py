"""What comes in from another system: news, policy records and open lines in our words, and what could not be said in them.

A connector reads and translates; it never decides and never stores. Nothing it cannot use is dropped in silence:
every such thing is a note in the report, with a count and examples.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accord.exceptions.model import MasterStated, News
from accord.kit.days import Day, Instant
from accord.ledger.model import Record as LedgerRecord
from accord.policy.model import Record as PolicyRecord
from accord.policy.model import Rules
from accord.promise.model import Request


class Kind(StrEnum):
    """What became of something that has no exact word of ours."""

    not_supported = "not_supported"  # Accord has no such thing: it has no effect
    approximated = "approximated"  # taken in, but in other terms; the note says which way it errs
    skipped = "skipped"  # left out on purpose: closed, empty, a group
    changed = "changed"  # something of ours was changed for it


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to know about an import, however often it occurred."""

    kind: Kind
    what: str  # a sentence; the same sentence for every occurrence
    count: int = 1
    examples: tuple[str, ...] = ()  # at most five names


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How much of what came in is new, changed, or the same as before."""

    new: int = 0
    changed: int = 0
    same: int = 0


class OpenLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order line of another system that waits to be promised."""

    source: str  # which system or file, so that two may use the same names
    id: str  # the line's name there
    priority: int  # lower first
    due_on: Day
    request: Request


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one file or model says, in our words."""

    source: str
    news: tuple[News, ...] = ()  # master data first, then supply, in an order in which it can be applied
    policy: tuple[PolicyRecord | Rules, ...] = ()
    lines: tuple[OpenLine, ...] = ()
    notes: tuple[Note, ...] = ()
    read: dict[str, int] = {}
    tallies: dict[str, int] = {}  # what became of the rows, where that is counted
    horizon_on: Day | None = None  # promises must be able to lie as late as this
    depth_min: int = 0  # levels that the longest chain of sources needs

    @property
    def records(self) -> tuple[LedgerRecord, ...]:
        """The master data alone."""
        return tuple(
            one.record for one in self.news if isinstance(one, MasterStated) and one.record is not None
        )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    id: str  # of the run; the same content gives the same id
    source: str
    at: Instant
    read: dict[str, int]  # rows read, by what they are called there
    made: dict[str, Change]  # records of ours, by kind
    tallies: dict[str, int]  # counts that should add up, as the mapping names them
    lines: int  # open order lines that now wait to be promised
    notes: tuple[Note, ...]
    ignored: tuple[str, ...] = ()  # sentences of the ledger: news it did not apply, and why
    opened: int = 0  # exceptions
    closed: int = 0
    changed: bool = True  # False: this had come in before, nothing was done
    dry_run: bool = False


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the open lines; in_full + later + the refused add up to the lines."""

    lines: int
    in_full: int  # on the requested day
    later: int
    refused: dict[str, int]  # reason: how many
    seconds: float
    promised_before: int = 0  # lines that an earlier run had decided; not in `lines`


class Notes:
    """Gathers notes while translating; equal sentences become one."""

    def __init__(self) -> None:
        self._found: dict[tuple[Kind, str], tuple[int, list[str]]] = {}

    def add(self, kind: Kind, what: str, example: str = "", count: int = 1) -> None:
        """Note one occurrence, or `count` of them."""
        number, examples = self._found.get((kind, what), (0, []))
        if example and len(examples) < 5 and example not in examples:
            examples.append(example)
        self._found[(kind, what)] = (number + count, examples)

    def all(self) -> tuple[Note, ...]:
        """Every note, by kind, the most frequent first."""
        order = list(Kind)
        found = [
            Note(kind=kind, what=what, count=number, examples=tuple(examples))
            for (kind, what), (number, examples) in self._found.items()
        ]
        return tuple(sorted(found, key=lambda note: (order.index(note.kind), -note.count, note.what)))
