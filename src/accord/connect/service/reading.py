"""How are a run's files read, as far as what was said of them goes?

They are looked at, planned, put beside the ledger and judged; where a question is open, reading ends there and waits.
All that is seen is kept with the run: its pages are drawn from that, whatever process draws them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice

import msgspec

from accord.connect import store
from accord.connect.changes import judged
from accord.connect.files import translate as files
from accord.connect.files.choices import Choices
from accord.connect.files.looking import Look, look
from accord.connect.files.planned import BY_PERSON, Planned, checked, mapping_text, proposed, readings
from accord.connect.files.tables import Table
from accord.connect.listing import listed
from accord.connect.model import Effects, Finding, Question, RunState, Setup, Translation
from accord.connect.service import steps, switch
from accord.connect.service.bringing import Progress
from accord.connect.service.effects import foreseen
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant, local_day
from accord.kit.digest import canonical, digest
from accord.kit.errors import Conflict, InputError, Malformed, NotFound
from accord.ledger.service import graphs
from accord.policy import service as policy

PAGE_ROWS = 100  # of what comes in, in a piece that a page shows
MAPPED_HERE = "page"  # the name of mappings that are made step by step
RECOGNISED = "recognise"
_JUDGING = 5  # parts of it that take about as long


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run's files, and what they are taken for."""

    looks: tuple[Look, ...] = ()
    plan: tuple[Planned, ...] = ()
    findings: tuple[Finding, ...] = ()  # how columns are read
    questions: tuple[Question, ...] = ()  # that are open
    confirmed: tuple[str, ...] = ()  # steps that somebody has looked at
    is_given: bool = False  # the mapping came with the files: it is not changed here

    def look(self, key: str) -> Look:
        """One table. Raises: NotFound."""
        found = next((one for one in self.looks if one.key == key), None)
        if found is None:
            raise NotFound(f"There is no table {key[:60]!r} in this import.")
        return found

    @property
    def guesses(self) -> tuple[Finding, ...]:
        """What was read in a way that only looks right."""
        return tuple(
            f
            for one in self.looks
            for f in one.findings
            if f.reading == "cp1252" and "you said" not in f.evidence
        )


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What it would do to promises, as of a moment."""

    effects: Effects
    at: Instant
    digest: str  # of the effects: who lets it in says which he saw


def due(walk: Walk) -> str:
    """The step that has a question left, before the rows themselves are looked at."""
    if walk.is_given:
        return ""
    is_unread = any(one.problem and not _is_left_out(walk, one) for one in walk.looks)
    if is_unread or walk.questions or (walk.guesses and RECOGNISED not in walk.confirmed):
        return "recognise"
    if not any(one.target for one in walk.plan) and any(one.problem for one in walk.looks):
        return "recognise"  # nothing but empty tables
    if not all(one.is_sure for one in walk.plan) or not any(one.target for one in walk.plan):
        return "map"
    return ""


def _is_left_out(walk: Walk, one: Look) -> bool:
    return any(planned.key == one.key and planned.is_sure and not planned.target for planned in walk.plan)


# --- to read -------------------------------------------------------------------------------------------


def read(db: Database, id: str, on_progress: Progress) -> None:
    """Look at the files, and as far as no question is open put them beside the ledger and judge what they would do."""
    row = steps.to_change(db, id)
    setup = msgspec.json.decode(row.setup, type=Setup)
    is_given = setup.mapping is not None and setup.mapping_name != MAPPED_HERE
    try:
        contents = steps.contents_of(db, row)
        choices = Choices(setup.say)
        looks, tables = look(contents, choices)
        on_progress("look", 0, 0, 0)
        walk = _seen(db, row, looks, tables, choices, is_given=is_given)
        retrying(db, lambda tx: keep_walk(tx, id, walk))
        if due(walk):
            retrying(db, lambda tx: _waits(tx, id))
            return
        if is_given:
            run = steps.check(db, id, on_progress=on_progress)
            if run.state is RunState.checked:
                judge(db, id, _beside(db, id), on_progress)
            return
        mapping = mapping_text(walk.plan, {one.key: one for one in looks}, walk.findings, row.source[6:])
        setup = msgspec.structs.replace(setup, mapping=mapping, mapping_name=MAPPED_HERE)
        used = {walk.look(one.key).name for one in walk.plan if one.target}
        reading = files.Reading(
            row.source,
            files.fingerprint(mapping, {name: contents[name] for name in used}, choices),
            files.parsed(mapping, MAPPED_HERE, choices),
            {one.key: tables[one.key] for one in walk.plan if one.target},
            choices,
            (*(f for one in looks for f in one.findings), *walk.findings),
        )
        judge(db, id, steps.checked(db, row, setup, setup, reading, on_progress), on_progress)
    except (InputError, Malformed, Conflict) as error:
        steps.needs_you(db, row, setup, error)


def _seen(
    db: Database,
    row: store.Row,
    looks: Sequence[Look],
    tables: Mapping[str, Table],
    choices: Choices,
    *,
    is_given: bool,
) -> Walk:
    with db.read() as tx:
        before = walk_of(tx, row.id)
        known = {one.key: one for one in before.plan if one.by == BY_PERSON or not before.looks}
        planned = []
        for one in looks:
            said = known.get(one.key)
            try:
                if said is not None and not one.problem:
                    planned.append(checked(said, one))
                    continue
            except InputError:
                pass  # its columns are others than they were
            if said is not None and not said.target:
                planned.append(said)
                continue
            planned.append(proposed(one, *(_remembered(tx, row.source, name) for name in _names(one))))
    findings, questions = readings(planned, {one.key: one for one in looks}, tables, choices)
    open_ = (*(q for one in looks for q in one.questions), *questions)
    return Walk(
        looks=tuple(looks),
        plan=tuple(planned),
        findings=findings,
        questions=() if is_given else open_,
        confirmed=before.confirmed,
        is_given=is_given,
    )


def _names(one: Look) -> tuple[str, str]:
    return f"{one.shape}:{one.stem}", one.shape


def _remembered(tx: Tx, source: str, name: str) -> Planned | None:
    body = store.remembered(tx, "plan", f"{source}:{name}")
    return None if body is None else msgspec.json.decode(body, type=Planned)


def walk_of(tx: Tx, id: str) -> Walk:
    """What is known of a run's files; nothing, when nobody has looked yet."""
    body = store.piece(tx, id, "walk")
    return Walk() if body is None else msgspec.json.decode(body, type=Walk)


def keep_walk(tx: Tx, id: str, walk: Walk) -> None:
    """Keep it, in place of what was known before."""
    store.put_piece(tx, id, "walk", msgspec.json.encode(walk))


def _waits(tx: Tx, id: str) -> None:
    """A question is open before the rows are looked at: what lay beside the ledger is void."""
    store.drop_pieces(tx, id, "rows", "rejected", "problems", "changes", "effects")
    store.change_run(tx, id, content=f"files:{id}", state=RunState.needs_you.value, problem=None, report=None)


def _beside(db: Database, id: str) -> Translation:
    with db.read() as tx:
        return steps.beside(tx, steps.found_run(tx, id))


def judge(db: Database, id: str, translation: Translation, on_progress: Progress) -> Judged:
    """Keep what it would make and change, one by one, and what it would do to promises."""
    on_progress("judge", 0, _JUDGING, 0)
    with db.read() as tx:
        _, draft = switch.drafted(tx, translation)
        on_progress("judge", 1, _JUDGING, 0)
        effects, now = foreseen(tx, draft.news), tx.now()
        on_progress("judge", 3, _JUDGING, 0)
        rows = listed(
            judged(tx, translation, draft.known),
            items=graphs.graph(tx).items,
            currency=policy.book(tx).rules.currency,
            today=local_day(now, "UTC"),
        )
        found = sorted(rows, key=lambda one: one[:2])
    on_progress("judge", 4, _JUDGING, 0)
    made = Judged(effects=effects, at=now, digest=digest_of(effects))

    def work(tx: Tx) -> None:
        store.drop_pieces(tx, id, "changes")
        for (kind, which), group in groupby(found, key=lambda one: one[:2]):
            rest = (row for _, _, row in group)
            for seq, page in enumerate(_pages(rest)):
                store.add_piece(tx, id, "changes", f"{kind}:{which}", seq, msgspec.json.encode(page))
        store.put_piece(tx, id, "effects", msgspec.json.encode(made))

    retrying(db, work)
    on_progress("judge", _JUDGING, _JUDGING, 0)
    return made


def _pages(rows: Iterator[object]) -> Iterator[list[object]]:
    while page := list(islice(rows, PAGE_ROWS)):
        yield page


def digest_of(effects: Effects) -> str:
    """A digest of the promises that would be touched, and how; not of when that was judged."""
    told = [
        (one.commitment or one.ref, one.line, one.short) for one in (*effects.uncovered, *effects.covered)
    ]
    return digest(canonical(sorted(told)))[:32]


def remember(tx: Tx, source: str, walk: Walk) -> None:
    """Remember what tables of these columns are, under the file's name and without."""
    read = {(one.file, one.column): one.reading for one in walk.findings if one.column}
    found: dict[str, bytes] = {}
    for one in walk.plan:
        seen = walk.look(one.key)
        if one.target:
            reads = {column: read[seen.file, column] for column in one.fields if (seen.file, column) in read}
            body = canonical(msgspec.structs.replace(one, reads={**one.reads, **reads}))
            found[f"{source}:{seen.shape}:{seen.stem}"] = found[f"{source}:{seen.shape}"] = body
    store.remember(tx, [("plan", id, body) for id, body in found.items()])
