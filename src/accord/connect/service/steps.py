"""What are the steps of an import that a person watches? Put files in, check, try it, let it in, look at what it did.

Whoever imports on the command line takes them all at once. Files that are put in are kept until their run is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from accord.connect import store
from accord.connect.files import translate as files
from accord.connect.files.problems import NotImported, Problem
from accord.connect.files.tables import unpacked
from accord.connect.model import Effects, Rejected, Report, Run, RunState, Setup, Translation
from accord.connect.service import bringing, switch
from accord.connect.service.effects import foreseen
from accord.connect.service.packed import unpack
from accord.db import requests
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical, digest
from accord.kit.errors import (
    AccordError,
    Conflict,
    Fault,
    InputError,
    Malformed,
    NotFound,
    RequestChanged,
    as_problem,
)
from accord.kit.ids import new_id

UNDO_MICROSECONDS = 24 * 3_600 * 1_000_000
UPLOAD_MAX = 64 * 1024**2  # bytes of all files of a run, as they come
_UNPACKED_MAX = 512 * 1024**2  # of one file
_PART = 1024**2  # bytes in a piece
_KEPT_DAYS = 7  # runs that never came in
_BESIDE = ("file", "rows", "rejected", "problems", "walk", "digests", "changes", "effects")
_GROUPS = 20_000  # things to repair that are kept


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to repair, as it is kept: what repairs it repairs it in all its rows."""

    code: str
    what: str
    fix: str
    file: str
    column: str
    count: int
    rows: tuple[int, ...]
    word: str
    expected: str
    choice: str
    ways: tuple[str, ...]

    @classmethod
    def of(cls, one: Problem) -> Group:
        """What is kept of a problem."""
        return cls(
            code=one.code,
            what=one.what,
            fix=one.fix,
            file=one.file,
            column=one.column,
            count=len(one.rows),
            rows=one.rows,
            word=one.word,
            expected=one.expected,
            choice=one.choice,
            ways=one.ways,
        )


class NotChecked(Conflict):
    """The import is not ready to come in: something must be said or repaired first."""

    code = "import_not_checked"
    title = "This import needs something from you"


# --- to look at ----------------------------------------------------------------------------------------


def run(db: Database, id: str) -> Run:
    """One import. Raises: NotFound."""
    with db.read() as tx:
        return run_out(found_run(tx, id), tx.now())


def runs(
    db: Database, *, after: str | None = None, limit: int = 50, actors: Iterable[str] | None = None
) -> tuple[list[Run], str | None]:
    """Imports, newest first, and where the next page starts; `actors`: only what these put in, None = anybody."""
    with db.read() as tx:
        rows, now = store.runs_page(tx, after, limit + 1, actors), tx.now()
    return [run_out(row, now) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None


def rejected_rows(db: Database, id: str) -> list[Rejected]:
    """The rows of an import that were left out, or that keep it out. Raises: NotFound."""
    with db.read() as tx:
        found_run(tx, id)
        found: list[Rejected] = []
        for _, body in store.pieces(tx, id, "rejected"):
            found += msgspec.json.decode(body, type=list[Rejected])
    return found


def run_out(row: store.Row, now: Instant) -> Run:
    """A run as others see it."""
    until = None if row.done_at is None or row.state != RunState.done else row.done_at + UNDO_MICROSECONDS
    return Run(
        id=row.id,
        source=row.source,
        state=RunState(row.state),
        actor=row.actor,
        done_by=row.done_by,
        begun_at=row.begun_at,
        done_at=row.done_at,
        undone_at=row.undone_at,
        undo_until=until if until is not None and until >= now else None,
        setup=msgspec.json.decode(row.setup, type=Setup),
        report=None if row.report is None else msgspec.json.decode(row.report, type=Report),
        problem=None if row.problem is None else msgspec.json.decode(row.problem, type=dict[str, object]),
    )


def found_run(tx: Tx, id: str) -> store.Row:
    """The run as it is kept. Raises: NotFound."""
    row = store.run(tx, id)
    if row is None:
        raise NotFound(f"There is no import {id[:60]}. List them to find its id.")
    return row


# --- step by step --------------------------------------------------------------------------------------


def put_files(
    db: Database,
    given: Mapping[str, bytes],
    setup: Setup,
    *,
    source: str | None,
    actor: str,
    key: str,
) -> tuple[Run, bool]:
    """Keep files for an import and check them; the same key with the same files is the same import, and told so.

    Raises: InputError when there is no file or too much of them, RequestChanged when the key came with others.
    """
    id, is_repeat = keep_files(db, given, setup, source=source, actor=actor, key=key)
    return (run(db, id) if is_repeat else check(db, id)), is_repeat


def keep_files(
    db: Database,
    given: Mapping[str, bytes],
    setup: Setup,
    *,
    source: str | None,
    actor: str,
    key: str,
) -> tuple[str, bool]:
    """Keep files for an import, unread: its id, and whether the key had come before. Raises: as `put_files` does."""
    if not given or not all(name.strip() and "/" not in name for name in given):
        raise InputError.at("files", "no_file", "Send at least one file, each with a name.")
    if sum(map(len, given.values())) > UPLOAD_MAX:
        raise InputError.at(
            "files", "too_large", f"The files have more than {UPLOAD_MAX:,} bytes together. Send fewer."
        )
    terms = digest(
        canonical(
            {"files": {name: digest(data) for name, data in given.items()}, "setup": setup, "source": source}
        )
    )
    made: list[tuple[str, bool]] = []

    def work(tx: Tx) -> None:
        claimed = requests.claim(tx, [requests.Claim(key, terms, actor)])[key]
        if isinstance(claimed, requests.Changed):
            raise RequestChanged(f"The key {key} came before with other files; use a new one.")
        if isinstance(claimed, requests.StoredReply):
            if claimed.reply is None:
                raise RequestChanged(f"The key {key} was used more than a week ago; use a new one.")
            made[:] = [(claimed.reply.decode(), True)]
            return
        now = tx.now()
        id = new_id("imp", now)
        kept = msgspec.structs.replace(setup, files=tuple(sorted(given)))
        store.add_run(
            tx,
            store.Row(
                id=id,
                content=f"files:{id}",
                source=f"files/{source or setup.mapping_name}",
                state=RunState.needs_you,
                actor=actor,
                begun_at=now,
                basis="",
                setup=canonical(kept),
            ),
        )
        for name, data in given.items():
            for seq, start in enumerate(range(0, max(1, len(data)), _PART)):
                store.add_piece(tx, id, "file", name, seq, data[start : start + _PART])
        requests.record_reply(tx, [requests.Reply(id=key, status=201, reply=id.encode())])
        made[:] = [(id, False)]

    retrying(db, work)
    return made[0]


def check(
    db: Database,
    id: str,
    *,
    say: Mapping[str, str] | None = None,
    mapping: str | None = None,
    full: bool | None = None,
    again: bool | None = None,
    on_progress: bringing.Progress | None = None,
) -> Run:
    """Read the files of a run again, with what is said now on top of what was said before.

    What keeps them out is the run's `problem`. Raises: NotFound; Conflict when the run is done.
    """
    row = to_change(db, id)
    setup = msgspec.json.decode(row.setup, type=Setup)
    if mapping is not None:
        setup = msgspec.structs.replace(setup, mapping=mapping, mapping_name="given")
    if say is not None:
        setup = msgspec.structs.replace(setup, say={**setup.say, **say})
    if full is not None:
        setup = msgspec.structs.replace(setup, full=full)
    if again is not None:
        setup = msgspec.structs.replace(setup, again=again)
    source = row.source.removeprefix("files/")
    used = bringing.merged(db, setup, source)
    try:
        reading = _read(db, row, used)
        checked(db, row, setup, used, reading, on_progress)
    except (InputError, Malformed, Conflict) as error:
        needs_you(db, row, setup, error)
    return run(db, id)


def checked(
    db: Database,
    row: store.Row,
    setup: Setup,
    used: Setup,
    reading: files.Reading,
    on_progress: bringing.Progress | None,
) -> Translation:
    """Put what was read beside the ledger and say what it would do; `used` is `setup` on top of what is remembered.

    Raises: InputError, CameInBefore; `needs_you` then keeps why.
    """
    with db.read() as tx:
        content, before = store.last_done(tx, bringing.content_of(reading, used))
    if before is not None:
        count = bringing.overtaken(db, reading, used, before)
        if not (setup.again and count):
            raise bringing.CameInBefore(before.id, count)
    row = _restarted(db, row, setup, content)
    translation = bringing.staged(db, row, reading, used, on_progress)
    with db.read() as tx:
        report, _ = switch.drafted(tx, translation)
    report = msgspec.structs.replace(report, id=row.id, dry_run=True)
    retrying(db, lambda tx: store.change_run(tx, row.id, report=canonical(report), problem=None))
    return translation


def dry_run(db: Database, id: str) -> Effects:
    """What a checked run would do to promises; nothing is locked. Raises: NotFound, NotChecked, InputError."""
    with db.read() as tx:
        _, draft = switch.drafted(tx, beside(tx, found_run(tx, id)))
        return foreseen(tx, draft.news)


def beside(tx: Tx, row: store.Row) -> Translation:
    """What lies beside the ledger for a checked run. Raises: NotChecked."""
    translation = unpack(body for _, body in store.pieces(tx, row.id, "rows"))
    if row.state != RunState.checked or translation is None:
        raise not_checked(row)
    return translation


def commit(db: Database, id: str, *, actor: str) -> Run:
    """Let a checked run in; one that is done stays as it is. Raises: NotFound, NotChecked, InputError; nothing is changed then."""
    with db.read() as tx:
        row = found_run(tx, id)
    if row.state == RunState.done:
        return run(db, id)
    if row.state != RunState.checked:
        raise not_checked(row)
    if row.basis != bringing.basis(db):
        checked = check(db, id)
        if checked.state is not RunState.checked:
            raise NotChecked(
                f"{id}: master data changed since it was checked, and now it needs something from you."
            )
    with db.read() as tx:
        row = found_run(tx, id)
        translation = unpack(body for _, body in store.pieces(tx, id, "rows"))
    if row.state == RunState.done:
        return run(db, id)
    if translation is None:
        raise Fault(f"{id} is checked and its rows are not there")
    setup = msgspec.json.decode(row.setup, type=Setup)
    switch.let_in(db, id, translation, actor=actor, remembers=bringing.merged(db, setup, row.source[6:]))
    return run(db, id)


def tidy(db: Database) -> int:
    """Forget what is kept of runs that were begun a week ago and never came in, and of others the lists of what they did.

    How many runs.
    """

    def work(tx: Tx) -> int:
        before = tx.now() - _KEPT_DAYS * 86_400_000_000
        old = store.old_runs(tx, before, 100)
        for id in old:
            store.drop_pieces(tx, id, *_BESIDE)
            store.change_run(tx, id, state=RunState.undone.value)
        listed = store.old_lists(tx, before, 100)
        for id in listed:
            store.drop_pieces(tx, id, "changes")
        return len(old) + len(listed)

    return retrying(db, work)


def to_change(db: Database, id: str) -> store.Row:
    """A run that has not come in. Raises: NotFound; Conflict when it is done."""
    with db.read() as tx:
        row = found_run(tx, id)
    if row.state in (RunState.done, RunState.undone):
        raise Conflict(f"{id} is {row.state}: it is not checked again. Start a new import.")
    return row


def contents_of(db: Database, row: store.Row) -> dict[str, bytes]:
    """The files of a run, unpacked, by name. Raises: NotChecked when they are not here, InputError, Malformed."""
    contents: dict[str, bytearray] = {}
    with db.read() as tx:
        for name, body in store.pieces(tx, row.id, "file"):
            contents.setdefault(name, bytearray()).extend(body)
    if not contents:
        raise NotChecked(
            f"The files of {row.id} are not here: it was begun on a command line. Start it there again."
        )
    return {name: unpacked(name, bytes(data), _UNPACKED_MAX) for name, data in contents.items()}


def _read(db: Database, row: store.Row, setup: Setup) -> files.Reading:
    contents = contents_of(db, row)
    return files.read_given(
        list(contents),
        contents.__getitem__,
        setup.mapping,
        mapping_name=setup.mapping_name,
        source=row.source.removeprefix("files/"),
        say=setup.say,
    )


def _restarted(db: Database, row: store.Row, setup: Setup, content: str) -> store.Row:
    """The run with what is said now; other words make what lies beside the ledger void."""

    def work(tx: Tx) -> store.Row:
        there = store.run_of_content(tx, content)
        if there is not None and there.id != row.id:
            if there.state == RunState.done:
                raise bringing.CameInBefore(there.id, 0)
            store.change_run(tx, there.id, content=f"files:{there.id}")  # given up for this one
        if row.content != content or row.state == RunState.needs_you:
            store.drop_pieces(tx, row.id, "rows", "rejected", "problems", "changes", "effects")
            store.change_run(
                tx, row.id, content=content, setup=canonical(setup), state=RunState.staging.value, basis=""
            )
        found = store.run(tx, row.id)
        assert found is not None
        return found

    return retrying(db, work)


def needs_you(db: Database, row: store.Row, setup: Setup, error: AccordError) -> None:
    """Keep why a run cannot come in, and the rows that keep it out."""
    problem = as_problem(error, request_id="", instance="")
    rejected = error.rejected if isinstance(error, NotImported) else ()
    groups = [Group.of(one) for one in error.problems[:_GROUPS]] if isinstance(error, NotImported) else []

    def work(tx: Tx) -> None:
        store.drop_pieces(tx, row.id, "rows", "rejected", "problems")
        for seq, body in enumerate(_packed(rejected)):
            store.add_piece(tx, row.id, "rejected", "", seq, body)
        if groups:
            store.put_piece(tx, row.id, "problems", msgspec.json.encode(groups))
        store.change_run(
            tx,
            row.id,
            content=f"files:{row.id}",
            setup=canonical(setup),
            state=RunState.needs_you.value,
            problem=canonical(problem),
            report=None,
        )

    retrying(db, work)


def _packed(rows: tuple[Rejected, ...]) -> Iterator[bytes]:
    for start in range(0, len(rows), 2_000):
        yield msgspec.json.encode(rows[start : start + 2_000])


def not_checked(row: store.Row) -> NotChecked:
    """The error of whoever would let it in."""
    why = f"{row.id} is {row.state.replace('_', ' ')}"
    return NotChecked(f"{why}. Look at what it needs, say it, and check it again.")
