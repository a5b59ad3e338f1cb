"""How is an import let in? In one transaction: master data, news, exceptions, policy, open lines and the run itself.

Everything was read, translated and put beside the ledger before. What is promised meanwhile waits only for this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from accord.connect import store
from accord.connect.changes import changes_of, in_force
from accord.connect.known import calendar_there
from accord.connect.model import (
    Change,
    Kind,
    Note,
    OpenLine,
    Report,
    RunState,
    Setup,
    Translation,
)
from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions import service as exceptions
from accord.exceptions.model import News, OpeningLine, Outcome
from accord.exceptions.service.undoing import Span
from accord.kit.days import Day, Instant, local_day
from accord.kit.digest import canonical
from accord.kit.errors import NotFound
from accord.ledger.decide.graph import Graph, kind_name
from accord.ledger.service import graphs
from accord.ledger.service.news import again
from accord.policy import service as policy
from accord.policy.model import Book, Customer, Price, Rules, Tier
from accord.promise.model import Request

_DEPTH_MAX = 20  # levels; a bill that is deeper is more likely wrong
_SAVED = ("dates", "decimal", "encoding", "delimiter", "unknown_")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What would be told, on top of what is there."""

    news: tuple[News, ...]
    policy: tuple[Customer | Tier | Price | Rules, ...]
    known: dict[str, tuple[str, bytes]]  # lines of the source that are there: state and request


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known to take a run back."""

    span: Span
    policy: tuple[int, int]
    lines: tuple[str, ...] = ()  # that came in
    changed: tuple[OpenLine, ...] = ()  # as they were before


def let_in(
    db: Database,
    run: str,
    translation: Translation,
    *,
    actor: str,
    on_news: Callable[[int], None] | None = None,
    remembers: Setup | None = None,
) -> Report:
    """Let a run in: all of it, or nothing. A run that is done already is told again.

    Raises: InputError when master data changed so that it does not fit any more, Unavailable; nothing is changed then.
    """
    made: list[Report] = []
    prepared = _prepared(db, translation)

    def work(tx: Tx) -> None:
        row = store.run(tx, run, to_change=True)
        if row is None:
            raise NotFound(f"There is no import {run}. List them to find its id.")
        if row.state == RunState.done and row.report is not None:
            report = msgspec.json.decode(row.report, type=Report)
            made[:] = [msgspec.structs.replace(report, changed=False)]
            return
        made[:] = [_work(tx, row, translation, prepared, actor, on_news, remembers)]

    again(db, work)
    return made[0]


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What can be made of a translation before anybody waits: the lock is then held for that much less."""

    news: tuple[News, ...]
    body: bytes
    changes: dict[str, Change]  # counted against what is there just before


def _prepared(db: Database, translation: Translation) -> Prepared:
    with db.read() as tx:
        known = store.lines_of(tx, translation.source)
        changes = changes_of(tx, translation, known)
    news, _ = _without_old_openings(translation.news, known)
    return Prepared(news=news, body=exceptions.checked(news), changes=changes)


def _work(
    tx: Tx,
    row: store.Row,
    translation: Translation,
    prepared: Prepared,
    actor: str,
    on_news: Callable[[int], None] | None,
    remembers: Setup | None,
) -> Report:
    before = (graphs.version(tx), policy.version(tx))
    report, draft = drafted(tx, translation, prepared.changes)
    body = prepared.body if draft.news == prepared.news else None
    outcome: Outcome | None = None
    keys: tuple[tuple[str, int, int], ...] = ()
    if draft.news:
        outcome, told = exceptions.tell(
            tx, draft.news, actor=actor, id=row.id, on_progress=on_news, body=body
        )
        keys = told.versions if told is not None else ()
    policy_version = before[1]
    if draft.policy:
        policy_version = policy.put_in(tx, draft.policy, actor=actor, id=row.id)
    ignored, added, changed = _keep_lines(tx, translation, draft.known)
    now = tx.now()
    undoing = Undoing(
        span=Span(graph=(before[0], graphs.version(tx)), keys=keys),
        policy=(before[1], policy_version),
        lines=added,
        changed=changed,
    )
    stated = [(kind_name(one), one.id) for one in translation.records]
    if stated:
        store.add_piece(tx, row.id, "stated", "", 0, msgspec.msgpack.encode(stated))
    report = msgspec.structs.replace(
        report,
        id=row.id,
        at=now,
        ignored=(*(outcome.ignored if outcome is not None else ()), *ignored),
        opened=len(outcome.opened) if outcome is not None else 0,
        closed=len(outcome.closed) if outcome is not None else 0,
    )
    if remembers is not None:
        _remember(tx, row.source, remembers)
    store.drop_pieces(tx, row.id, "rows", "file")
    store.change_run(
        tx,
        row.id,
        state=RunState.done.value,
        done_at=now,
        done_by=actor,
        report=canonical(report),
        undo=msgspec.msgpack.encode(undoing),
        problem=None,
    )
    return report


def _remember(tx: Tx, source: str, setup: Setup) -> None:
    """Keep how this source is read: forms and names that were mapped; what was skipped or made is not for ever."""
    said = {
        name: value
        for name, value in setup.say.items()
        if name.startswith(_SAVED) and value not in ("skip", "create")
    }
    if said or setup.mapping is not None:
        kept = Setup(mapping=setup.mapping, mapping_name=setup.mapping_name, say=said)
        store.put_mapping(tx, source, canonical(kept))


def drafted(
    tx: Tx, translation: Translation, changes: dict[str, Change] | None = None
) -> tuple[Report, Draft]:
    """What a translation means on top of what is there now: the report without its effects, and what would be told."""
    now = tx.now()
    known = store.lines_of(tx, translation.source)
    changes = changes_of(tx, translation, known) if changes is None else changes
    records = _policy(translation, policy.book(tx), local_day(now, "UTC"))
    news, openings_before = _without_old_openings(translation.news, known)
    notes = [*translation.notes, *_notes_on_rules(records), *openings_before]
    return _report(translation, now, changes, notes), Draft(news=news, policy=tuple(records), known=known)


def _report(
    translation: Translation, now: Instant, changes: dict[str, Change], notes: Sequence[Note]
) -> Report:
    return Report(
        id="",
        source=translation.source,
        at=now,
        read=translation.read,
        made=changes,
        findings=translation.findings,
        rejected=translation.left_out,
        tallies=translation.tallies,
        lines=len(translation.lines),
        notes=tuple(notes),
        vanished=translation.vanished,
    )


# --- open lines --------------------------------------------------------------------------------------


def _keep_lines(
    tx: Tx, translation: Translation, known: Mapping[str, tuple[str, bytes]]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[OpenLine, ...]]:
    """Keep the lines; what was not taken because it is decided already, what is new, what the changed ones said before."""
    new = [line for line in translation.lines if line.id not in known]
    again_ = [
        line
        for line in translation.lines
        if line.id in known and known[line.id][1] != canonical(line.request)
    ]
    still_open = [line for line in again_ if known[line.id][0] == store.OPEN]
    ignored = tuple(
        f"Order line {line.id} was decided before and came in again with other terms;"
        " amend its promise to change it."
        for line in again_
        if known[line.id][0] != store.OPEN
    )
    store.add_lines(tx, new)
    store.change_lines(tx, still_open)
    openings = [
        _opening_line(translation.source, one)
        for one in translation.news
        if isinstance(one, OpeningLine) and one.ref not in known
    ]
    store.add_lines(tx, openings, store.OPENING)
    before = tuple(
        msgspec.structs.replace(line, request=msgspec.json.decode(known[line.id][1], type=Request))
        for line in still_open
    )
    return ignored, tuple(line.id for line in (*new, *openings)), before


def _opening_line(source: str, one: OpeningLine) -> OpenLine:
    request = Request(id=f"opening:{source}:{one.ref}", verb="commit", ref=one.ref)  # type: ignore[arg-type]
    return OpenLine(source=source, id=one.ref, priority=0, due_on=one.promised_on, request=request)


def _without_old_openings(
    news: Sequence[News], known: Mapping[str, tuple[str, bytes]]
) -> tuple[tuple[News, ...], list[Note]]:
    """An order promised elsewhere comes in once: told again it would be promised twice."""
    old = [one for one in news if isinstance(one, OpeningLine) and one.ref in known]
    if not old:
        return tuple(news), []
    note = Note(
        kind=Kind.skipped,
        what="opening commitments that had come in before; change them with amend",
        count=len(old),
        examples=tuple(one.ref for one in old[:5]),
    )
    kept = tuple(one for one in news if not (isinstance(one, OpeningLine) and one.ref in known))
    return kept, [note]


# --- policy ------------------------------------------------------------------------------------------


def _policy(translation: Translation, book: Book, today: Day) -> list[Customer | Tier | Price | Rules]:
    """Records of the policy that differ from what is in force, with the rules widened where promises need it."""
    records = [
        one
        for one in translation.policy
        if isinstance(one, Customer | Tier | Price) and one != in_force(book, one)
    ]
    rules = book.rules
    if translation.horizon_on is not None and translation.horizon_on - today > rules.horizon_days:
        rules = msgspec.structs.replace(rules, horizon_days=translation.horizon_on - today)
    if translation.depth_min > rules.depth_max:
        rules = msgspec.structs.replace(rules, depth_max=min(translation.depth_min, _DEPTH_MAX))
    return [*records, rules] if rules != book.rules else [*records]


def _notes_on_rules(records: Sequence[Customer | Tier | Price | Rules]) -> list[Note]:
    return [
        Note(
            kind=Kind.changed,
            what=f"rules: promises may lie {one.horizon_days} days ahead and go {one.depth_max} levels down",
        )
        for one in records
        if isinstance(one, Rules)
    ]


# --- what came from a source before ------------------------------------------------------------------


def stated_before(tx: Tx, source: str) -> frozenset[tuple[str, str]]:
    """The master data (kind, id) that runs of a source stated, those undone left out."""
    found: set[tuple[str, str]] = set()
    for body in store.stated_by(tx, source):
        found.update(msgspec.msgpack.decode(body, type=list[tuple[str, str]]))
    return frozenset(found)


def is_there(graph: Graph, name: tuple[str, str]) -> bool:
    """Whether this master data is in force."""
    kind, id = name
    if kind == "calendar":
        return calendar_there(graph, id) is not None
    there: dict[str, Mapping[str, object]] = {
        "item": graph.items,
        "site": graph.sites,
        "resource": graph.resources,
        "supplier": graph.suppliers,
        "operation": graph.operations,
        "lane": graph.lanes,
        "term": graph.terms,
    }
    return id in there.get(kind, {})
