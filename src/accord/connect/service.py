"""What happens when a file or another system's model comes in? Read, translate, tell; then promise what is open.

An import is all or nothing and knows itself by its content: the same file again changes nothing. Open order lines are
kept until `promise_open` asks for them, one request each, in the order of priority, due day and name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from accord.connect import store
from accord.connect.changes import changes_of, in_force
from accord.connect.files import translate as files
from accord.connect.frepple import translate as frepple
from accord.connect.frepple.read import read
from accord.connect.model import Change, Kind, Note, OpenLine, Promised, Report, Translation
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.exceptions.model import News, OpeningLine, Outcome
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, Instant, local_day
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError
from accord.ledger.service import graphs
from accord.policy import service as policy
from accord.policy.model import Book, Customer, Price, Rules, Tier
from accord.promise import service as promises
from accord.promise.model import Decision, Request

Progress = Callable[[int], None]

_BATCH = 200  # lines asked in one call
_DEPTH_MAX = 20  # levels; a bill that is deeper is more likely wrong


def import_frepple(
    db: Database, path: Path, *, reopen: bool, actor: str, on_progress: Progress | None = None
) -> Report:
    """Bring in a frePPLe model; with `reopen` every demand is open and every date moves ahead by whole weeks.

    Raises: InputError or Malformed when the file cannot be used; nothing is changed then.
    """
    model = read(path)
    run = f"import:frepple:{model.source}:{model.fingerprint[:32]}:{'reopened' if reopen else 'as-is'}"
    with db.read() as tx:
        now, before = tx.now(), store.run(tx, run)
    if before is not None:
        return msgspec.structs.replace(before, changed=False)
    translation = frepple.translate(model, today=local_day(now, "UTC"), reopen=reopen)
    return _bring_in(db, run, translation, actor=actor, on_progress=on_progress)


def import_files(
    db: Database,
    paths: Sequence[Path],
    mapping: str | Path | None = None,
    *,
    dry_run: bool = False,
    actor: str,
    on_progress: Progress | None = None,
) -> Report:
    """Bring in CSV, Excel and JSON files by a mapping; None = their columns have our names.

    `dry_run` changes nothing and says what would change. Raises: InputError with every problem, grouped by what to do
    about it; nothing is changed then.
    """
    reading = files.read(paths, mapping)
    run = f"import:files:{reading.source}:{reading.fingerprint[:32]}"
    with db.read() as tx:
        now, before, graph = tx.now(), store.run(tx, run), graphs.graph(tx)
        book = policy.book(tx)
    if before is not None:
        return msgspec.structs.replace(before, changed=False, dry_run=dry_run)
    translation = files.translate(reading, graph=graph, book=book, now=now)
    if dry_run:
        return _would(db, run, translation)
    return _bring_in(db, run, translation, actor=actor, on_progress=on_progress)


def promise_open(db: Database, *, actor: str, on_progress: Progress | None = None) -> Promised:
    """Promise every open line, one request each, taking the best answer; lines that are decided stay decided.

    Killed in the middle, the next run goes on: a line whose promise was made and not yet written down gets the same
    answer again, because its request has the same id.
    """
    began = time.monotonic()
    in_full = later = 0
    refused: dict[str, int] = {}
    with db.read() as tx:
        _, before = store.count_lines(tx)
    while True:
        with db.read() as tx:
            lines = store.open_lines(tx, _BATCH)
        if not lines:
            break
        answers = promises.promise(db, [line.request for line in lines], actor=actor)
        settled = [_settled(line, answer) for line, answer in zip(lines, answers, strict=True)]
        _settle(db, settled)
        for one in settled:
            in_full += one.state == "in_full"
            later += one.state == "later"
            if one.state == "refused":
                reason = one.reason or "cannot_promise"
                refused[reason] = refused.get(reason, 0) + 1
        if on_progress is not None:
            on_progress(len(lines))
    return Promised(
        lines=in_full + later + sum(refused.values()),
        in_full=in_full,
        later=later,
        refused=dict(sorted(refused.items())),
        seconds=round(time.monotonic() - began, 3),
        promised_before=before,
    )


def open_lines(db: Database) -> int:
    """How many order lines wait to be promised."""
    with db.read() as tx:
        return store.count_lines(tx)[0]


# --- promising -------------------------------------------------------------------------------------


def _settled(line: OpenLine, answer: Decision | AccordError) -> store.Settled:
    if isinstance(answer, AccordError):
        if answer.retryable:
            raise answer
        return store.Settled(
            source=line.source, id=line.id, state="refused", reason=answer.code, decision=None
        )
    if answer.chosen is None or answer.promise is None:
        reason = answer.refusals[0].value if answer.refusals else answer.verdict.value
        return store.Settled(
            source=line.source, id=line.id, state="refused", reason=reason, decision=answer.id
        )
    kept = answer.options[answer.chosen].in_full_on_time
    return store.Settled(
        source=line.source, id=line.id, state="in_full" if kept else "later", reason=None, decision=answer.id
    )


def _settle(db: Database, settled: Sequence[store.Settled]) -> None:
    def work(tx: Tx) -> None:
        store.settle(tx, settled, tx.now())

    retrying(db, work)


# --- bringing in -----------------------------------------------------------------------------------


def _bring_in(
    db: Database, run: str, translation: Translation, *, actor: str, on_progress: Progress | None
) -> Report:
    """Tell the ledger, then the policy, then keep the lines; each step may be repeated without harm."""
    with db.read() as tx:
        now = tx.now()
        known = store.lines_of(tx, translation.source)
        changes = changes_of(tx, translation, known)
        records = _policy(translation, policy.book(tx), local_day(now, "UTC"))
    news, openings_before = _without_old_openings(translation.news, known)
    notes = [*translation.notes, *_notes_on_rules(records), *openings_before]
    # The news has an id of its own content: a run that was killed may be started again on another day.
    outcome = supply_changed(
        db, news, actor=actor, id=f"{run}:{digest(canonical(list(news)))[:16]}", on_progress=on_progress
    )
    if records:
        policy.put(db, records, actor=actor, id=run)
    report = _report(run, translation, now, changes, outcome=outcome, notes=notes)
    ignored = _keep(db, report, translation, actor)
    return msgspec.structs.replace(report, ignored=(*report.ignored, *ignored))


def _keep(db: Database, report: Report, translation: Translation, actor: str) -> tuple[str, ...]:
    """Keep the run and its lines; returns what was not taken because it is decided already."""
    ignored: list[str] = []

    def work(tx: Tx) -> None:
        ignored.clear()
        known = store.lines_of(tx, translation.source)
        new = [line for line in translation.lines if line.id not in known]
        again = [
            line
            for line in translation.lines
            if line.id in known and known[line.id][1] != canonical(line.request)
        ]
        still_open = [line for line in again if known[line.id][0] == store.OPEN]
        ignored.extend(
            f"Order line {line.id} was decided before and came in again with other terms;"
            " amend its promise to change it."
            for line in again
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
        store.add_run(tx, msgspec.structs.replace(report, ignored=(*report.ignored, *ignored)), actor)

    retrying(db, work)
    return tuple(ignored)


def _opening_line(source: str, one: OpeningLine) -> OpenLine:
    request = Request(id=f"opening:{source}:{one.ref}", verb="commit", ref=one.ref)  # type: ignore[arg-type]
    return OpenLine(source=source, id=one.ref, priority=0, due_on=one.promised_on, request=request)


def _without_old_openings(
    news: Sequence[News], known: dict[str, tuple[str, bytes]]
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


# --- reports --------------------------------------------------------------------------------------


def _would(db: Database, run: str, translation: Translation) -> Report:
    with db.read() as tx:
        now = tx.now()
        changes = changes_of(tx, translation, store.lines_of(tx, translation.source))
    return msgspec.structs.replace(
        _report(run, translation, now, changes, outcome=None, notes=translation.notes), dry_run=True
    )


def _report(
    run: str,
    translation: Translation,
    now: Instant,
    changes: dict[str, Change],
    *,
    outcome: Outcome | None,
    notes: Sequence[Note],
) -> Report:
    return Report(
        id=run,
        source=translation.source,
        at=now,
        read=translation.read,
        made=changes,
        tallies=translation.tallies,
        lines=len(translation.lines),
        notes=tuple(notes),
        ignored=outcome.ignored if outcome is not None else (),
        opened=len(outcome.opened) if outcome is not None else 0,
        closed=len(outcome.closed) if outcome is not None else 0,
    )
