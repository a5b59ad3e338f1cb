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
    vanished = "vanished"  # came from this source before, and is not named any more


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to know about an import, however often it occurred."""

    kind: Kind
    what: str  # a sentence; the same sentence for every occurrence
    count: int = 1
    examples: tuple[str, ...] = ()  # at most five names


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """How something is read, and why."""

    file: str
    column: str = ""  # "" = the whole file
    what: str  # encoding, delimiter, dates, decimal
    reading: str
    evidence: str  # a sentence


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which it can be read."""

    say: str  # the value of the choice
    means: str  # "3 April 2026"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What only the sender knows."""

    id: str  # the name of the choice that answers it
    file: str
    column: str
    sample: str
    ways: tuple[Way, ...]

    @property
    def sentence(self) -> str:
        """For a person."""
        either = " or ".join(f"{one.means} (say {self.id}={one.say})" for one in self.ways)
        return f"{self.sample!r} in column {self.column} of {self.file} is {either}"


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was left out, or that keeps everything out, with all it says."""

    file: str
    row: int  # as a spreadsheet shows it
    column: str
    code: str
    why: str
    cells: dict[str, str]  # by column


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
    vanished: tuple[str, ...] = ()  # master data of the source that it does not name any more: "item X-9"
    depth_min: int = 0  # levels that the longest chain of sources needs
    findings: tuple[Finding, ...] = ()
    rejected: tuple[Rejected, ...] = ()  # rows that somebody said to skip
    left_out: int = 0  # how many such rows; they themselves are not kept with what waits to come in

    @property
    def records(self) -> tuple[LedgerRecord, ...]:
        """The master data alone."""
        return tuple(
            one.record for one in self.news if isinstance(one, MasterStated) and one.record is not None
        )


class Uncovered(msgspec.Struct, frozen=True, kw_only=True):
    """A promise that supply would no longer cover, or would cover again."""

    promise: str  # prm_…; "" = an order promised elsewhere, which this import brings
    commitment: str
    ref: str
    customer: str | None
    line: int
    item: str
    site: str
    quantity: int  # base units
    short: int  # of them not covered; 0 = covered again
    scale: int  # base units in one unit
    unit: str
    ship_on: Day
    days: int  # from today on at the site
    owner: str = ""  # who promised it


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do to promises, judged by the ledger's own rules on one snapshot; promises do not wait."""

    uncovered: tuple[Uncovered, ...]
    covered: tuple[Uncovered, ...]
    ignored: tuple[str, ...]
    sentence: str
    seconds: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    id: str  # of the run; the same content gives the same id
    source: str
    at: Instant
    read: dict[str, int]  # rows read, by what they are called there
    made: dict[str, Change]  # records of ours, by kind
    findings: tuple[Finding, ...] = ()  # how the files were read, and why
    rejected: int = 0  # rows that somebody said to skip
    tallies: dict[str, int]  # counts that should add up, as the mapping names them
    lines: int  # open order lines that now wait to be promised
    notes: tuple[Note, ...]
    ignored: tuple[str, ...] = ()  # sentences of the ledger: news it did not apply, and why
    opened: int = 0  # exceptions
    closed: int = 0
    changed: bool = True  # False: this had come in before, nothing was done
    overtaken: int = 0  # of that, how many things other news has changed since
    dry_run: bool = False
    effects: Effects | None = None  # of a dry run, and what it did
    vanished: tuple[str, ...] = ()  # master data of the source that this full export does not name any more


class Promised(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the open lines; in_full + later + the refused add up to the lines."""

    lines: int
    in_full: int  # on the requested day
    later: int
    refused: dict[str, int]  # reason: how many
    seconds: float
    promised_before: int = 0  # lines that an earlier run had decided; not in `lines`
    processes: int = 1  # that worked at it


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


class RunState(StrEnum):
    """Where an import stands."""

    needs_you = "needs_you"  # something must be said or repaired before it can come in
    staging = "staging"  # its rows are being put beside the ledger
    checked = "checked"  # they all are: it can come in
    done = "done"
    undone = "undone"


class Setup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the files of a source are read."""

    files: tuple[str, ...] = ()
    mapping: str | None = None  # TOML; None = by the names of their columns
    mapping_name: str = "plain"
    say: dict[str, str] = {}  # choices
    full: bool = False  # what the source had and does not name any more ends
    again: bool = False  # it came in before and shall come in anew


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One import."""

    id: str  # imp_…
    source: str
    state: RunState
    actor: str  # who put it in
    done_by: str | None  # who let it in
    begun_at: Instant
    done_at: Instant | None
    undone_at: Instant | None
    undo_until: Instant | None  # None = it cannot be undone any more, or was not done
    setup: Setup
    report: Report | None
    problem: dict[str, object] | None  # why it cannot come in yet, as a problem of the API
