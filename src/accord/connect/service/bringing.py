"""What happens when a file or another system's model comes in? Read, translate, put beside the ledger, let in at once.

An import is all or nothing and knows itself by its content: the same content again changes nothing. Rows are put beside
the ledger in pieces, each in a transaction of its own; then one transaction lets all of them in. A process that is
killed before it leaves the ledger as it was, and the same import started again goes on behind the pieces that are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from accord.connect import store
from accord.connect.files import translate as files
from accord.connect.frepple import translate as frepple
from accord.connect.frepple.read import read
from accord.connect.model import Kind, Note, Report, RunState, Setup, Translation
from accord.connect.service import switch
from accord.connect.service.effects import foreseen
from accord.connect.service.packed import pack, unpack
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.exceptions.model import MasterStated
from accord.kit.days import Instant, local_day
from accord.kit.digest import canonical
from accord.kit.errors import Conflict, InputError
from accord.kit.ids import new_id
from accord.ledger.decide.records import kind_name
from accord.ledger.service import graphs
from accord.policy import service as policy

# Called with the phase ("check", "stage", "bring in", "write"), how far it is, how far it goes, and how many problems there are.
Progress = Callable[[str, int, int, int], None]

_REJECTED = 2_000  # rows in a piece


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How the caller wants files to be read."""

    source: str | None = None  # a name of the sender; None = the mapping's
    say: Mapping[str, str] = {}  # choices, see files/choices.py
    full: bool = False  # what the source had and does not name any more ends
    again: bool = False  # what came in before comes in anew, where other news has changed what it says since


class CameInBefore(Conflict):
    """The same came in before."""

    code = "came_in_before"
    title = "This came in before"

    def __init__(self, run: str, overtaken: int) -> None:
        then = (
            "Nothing would change."
            if not overtaken
            else f"Since then {overtaken:,} {'thing' if overtaken == 1 else 'things'} of it changed;"
            " check it with `again` to bring it in anew."
        )
        super().__init__(
            f"This came in before, as {run}. {then}", extra={"import": run, "would_change": overtaken}
        )


def import_frepple(
    db: Database, path: Path, *, reopen: bool, actor: str, on_progress: Callable[[int], None] | None = None
) -> Report:
    """Bring in a frePPLe model; with `reopen` every demand is open and every date moves ahead by whole weeks.

    Raises: InputError or Malformed when the file cannot be used; nothing is changed then.
    """
    model = read(path)
    content = f"frepple:{model.source}:{model.fingerprint[:32]}:{'reopened' if reopen else 'as-is'}"
    with db.read() as tx:
        now, before = tx.now(), store.run_of_content(tx, content)
    if before is not None and before.state == RunState.done:
        return came_in_before(before)
    translation = frepple.translate(model, today=local_day(now, "UTC"), reopen=reopen)
    row = begun(db, content, translation.source, Setup(files=(path.name,)), actor)
    with _forgotten_when_refused(db, row.id):
        return switch.let_in(db, row.id, translation, actor=actor, on_news=on_progress)


def import_files(
    db: Database,
    paths: Sequence[Path],
    mapping: str | Path | None = None,
    *,
    dry_run: bool = False,
    actor: str,
    options: Options | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Bring in CSV, Excel and JSON files by a mapping; None = the one this source was read by last, or our own names.

    `dry_run` changes nothing and says what would change, with its effect on promises. Raises: InputError with every
    problem, grouped by what to do about it; nothing is changed then.
    """
    names, data_of = files.given(paths)
    return _import(db, names, data_of, mapping, dry_run, actor, options or Options(), on_progress)


def import_pasted(
    db: Database,
    pasted: Mapping[str, bytes],
    mapping: str | Path | None = None,
    *,
    dry_run: bool = False,
    actor: str,
    options: Options | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """The same of text that somebody pasted, by a name it should have."""
    return _import(
        db, list(pasted), pasted.__getitem__, mapping, dry_run, actor, options or Options(), on_progress
    )


def _import(
    db: Database,
    names: Sequence[str],
    data_of: Callable[[str], bytes],
    mapping: str | Path | None,
    dry_run: bool,
    actor: str,
    options: Options,
    on_progress: Progress | None,
) -> Report:
    setup = setup_of(db, mapping, options)
    reading = files.read_given(
        names,
        data_of,
        setup.mapping,
        mapping_name=setup.mapping_name,
        source=options.source,
        say=setup.say,
    )
    setup = msgspec.structs.replace(setup, files=tuple(sorted(one.file for one in reading.tables.values())))
    return bring_in(
        db, reading, setup, dry_run=dry_run, again=options.again, actor=actor, on_progress=on_progress
    )


def setup_of(db: Database, mapping: str | Path | None, options: Options) -> Setup:
    """How to read: what is said now, on top of how this source was read last."""
    name = "plain" if mapping is None else Path(mapping).stem
    text = None if mapping is None else files.mapping_text(mapping)
    return merged(
        db, Setup(mapping=text, mapping_name=name, say=dict(options.say), full=options.full), options.source
    )


def merged(db: Database, setup: Setup, source: str | None) -> Setup:
    """What is said now on top of how this source was read last; another mapping makes the earlier words void."""
    with db.read() as tx:
        body = store.mapping_of(tx, f"files/{source or setup.mapping_name}")
    if body is None:
        return setup
    last = msgspec.json.decode(body, type=Setup)
    if setup.mapping is not None and setup.mapping != last.mapping:
        return setup
    return msgspec.structs.replace(
        setup, mapping=last.mapping, mapping_name=last.mapping_name, say={**last.say, **setup.say}
    )


def bring_in(
    db: Database,
    reading: files.Reading,
    setup: Setup,
    *,
    dry_run: bool = False,
    again: bool = False,
    actor: str,
    on_progress: Progress | None = None,
) -> Report:
    """Check what was read, and unless it is a dry run put it beside the ledger and let it in.

    What came in before is only told; `again` brings it in anew where something of it would change.
    """
    with db.read() as tx:
        content, before = store.last_done(tx, content_of(reading, setup))
    if before is not None:
        count = overtaken(db, reading, setup, before)
        if not (again and count):
            return msgspec.structs.replace(came_in_before(before), dry_run=dry_run, overtaken=count)
    if dry_run:
        return would(db, reading, setup, on_progress)
    row = begun(db, content, reading.source, setup, actor)
    with _forgotten_when_refused(db, row.id):
        translation = staged(db, row, reading, setup, on_progress)
        return switch.let_in(
            db,
            row.id,
            translation,
            actor=actor,
            on_news=news_progress(len(translation.news), on_progress),
            remembers=setup,
        )


@contextmanager
def _forgotten_when_refused(db: Database, run: str) -> Iterator[None]:
    """What cannot come in leaves nothing behind: whoever repairs the file brings other content."""
    try:
        yield
    except InputError:
        retrying(db, lambda tx: store.drop_run(tx, run))
        raise


def content_of(reading: files.Reading, setup: Setup) -> str:
    """What makes two imports the same."""
    return f"{reading.source}:{reading.fingerprint[:32]}{':full' if setup.full else ''}"


def overtaken(db: Database, reading: files.Reading, setup: Setup, before: store.Row) -> int:
    """How many things would change if what came in before came in again: other news may have come since.

    Days that are said relative to today are read as of then. What cannot come in any more changes nothing.
    """
    try:
        translation = translated(db, reading, setup, before.begun_at, None)
    except InputError:
        return 0
    with db.read() as tx:
        report, _ = switch.drafted(tx, translation)
    return sum(one.new + one.changed for one in report.made.values())


def came_in_before(row: store.Row) -> Report:
    """The report of a run that is done, for who brings the same again."""
    assert row.report is not None
    return msgspec.structs.replace(msgspec.json.decode(row.report, type=Report), changed=False)


def news_progress(total: int, on_progress: Progress | None) -> Callable[[int], None] | None:
    """Tells how much of the news was applied, and then that all of it is being judged and written."""
    if on_progress is None:
        return None
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        if done % 1_000 == 0 or done == total:
            on_progress("bring in", done, total, 0)
        if done == total:
            on_progress("write", done, total, 0)

    return more


# --- checking ------------------------------------------------------------------------------------------


def would(db: Database, reading: files.Reading, setup: Setup, on_progress: Progress | None) -> Report:
    """What the import would do, judged on one snapshot that locks nothing."""
    translation = translated(db, reading, setup, None, on_progress)
    with db.read() as tx:
        report, told = switch.drafted(tx, translation)
        effects = foreseen(tx, told.news)
    return msgspec.structs.replace(
        report,
        dry_run=True,
        effects=effects,
        opened=len(effects.uncovered),
        closed=len(effects.covered),
        ignored=effects.ignored,
    )


def translated(
    db: Database,
    reading: files.Reading,
    setup: Setup,
    now: Instant | None,
    on_progress: Progress | None,
) -> Translation:
    """What was read in our words, on top of what is there. Raises: InputError with every problem."""
    with db.read() as tx:
        graph, book, clock = graphs.graph(tx), policy.book(tx), tx.now()
    done = 0

    def more(count: int, problems: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:
            on_progress("check", done, reading.rows, problems)

    found = files.translate(reading, graph=graph, book=book, now=clock if now is None else now, on_rows=more)
    return _with_vanished(db, found, full=setup.full)


def _with_vanished(db: Database, found: Translation, *, full: bool) -> Translation:
    """Say which master data of this source is not named any more; where it is a full export, end it."""
    with db.read() as tx:
        named = switch.stated_before(tx, found.source)
        graph = graphs.graph(tx)
    stated = {(kind_name(one), one.id) for one in found.records}
    kinds = {kind for kind, _ in stated}
    gone = sorted(one for one in named - stated if one[0] in kinds and switch.is_there(graph, one))
    if not gone:
        return found
    what = (
        "ended: this full export does not name them any more"
        if full
        else "came from this source before and are not named any more; --full ends them"
    )
    notes = [
        Note(
            kind=Kind.vanished,
            what=f"{kind}s that {what}",
            count=sum(one[0] == kind for one in gone),
            examples=tuple(id for k, id in gone if k == kind)[:5],
        )
        for kind in sorted({kind for kind, _ in gone})
    ]
    ends = tuple(MasterStated(ends=one) for one in gone) if full else ()
    masters = [one for one in found.news if isinstance(one, MasterStated)]
    others = [one for one in found.news if not isinstance(one, MasterStated)]
    return msgspec.structs.replace(
        found,
        news=(*masters, *ends, *others),
        notes=(*found.notes, *notes),
        vanished=tuple(f"{kind} {id}" for kind, id in gone),
    )


# --- beside the ledger ---------------------------------------------------------------------------------


def begun(db: Database, content: str, source: str, setup: Setup, actor: str) -> store.Row:
    """The run of this content: one that was begun before and is not done, or a new one."""

    def work(tx: Tx) -> store.Row:
        before = store.run_of_content(tx, content)
        if before is not None:
            return before
        now = tx.now()
        row = store.Row(
            id=new_id("imp", now),
            content=content,
            source=source,
            state=RunState.staging,
            actor=actor,
            begun_at=now,
            basis="",
            setup=canonical(setup),
        )
        if store.add_run(tx, row):
            return row
        there = store.run_of_content(tx, content)
        assert there is not None
        return there

    return retrying(db, work)


def staged(
    db: Database,
    row: store.Row,
    reading: files.Reading,
    setup: Setup,
    on_progress: Progress | None,
) -> Translation:
    """Put what was read beside the ledger, behind the pieces that are there already; what it is, in our words."""
    ground = basis(db)
    if row.basis != ground:
        # Names that were known may not be any more: what lies there was checked against other master data.
        _restart(db, row.id, ground)
        row = msgspec.structs.replace(row, state=RunState.staging, basis=ground)
    if row.state == RunState.checked:
        with db.read() as tx:
            there = unpack(body for _, body in store.pieces(tx, row.id, "rows"))
        if there is not None:
            return there
    translation = translated(db, reading, setup, row.begun_at, on_progress)
    put_beside(db, row.id, translation, on_progress)
    return translation


def basis(db: Database) -> str:
    """The versions of what files are checked against."""
    with db.read() as tx:
        return f"{graphs.version(tx)}/{policy.version(tx)}"


def _restart(db: Database, run: str, basis: str) -> None:
    def work(tx: Tx) -> None:
        row = store.run(tx, run, to_change=True)
        if row is not None and row.state != RunState.done and row.basis != basis:
            store.drop_pieces(tx, run, "rows", "rejected")
            store.change_run(tx, run, state=RunState.staging.value, basis=basis)

    retrying(db, work)


def put_beside(db: Database, run: str, translation: Translation, on_progress: Progress | None) -> None:
    """Keep the pieces that are not there yet, each in a transaction of its own; nothing of the ledger is locked."""
    with db.read() as tx:
        there = store.count_pieces(tx, run, "rows")
    total = (len(translation.news) + len(translation.policy) + len(translation.lines)) or 1
    done = 0
    for seq, body in enumerate(pack(translation)):
        if seq >= there:
            retrying(db, lambda tx, seq=seq, body=body: store.add_piece(tx, run, "rows", "", seq, body))  # type: ignore[misc]
        done += 2_000
        if on_progress is not None:
            on_progress("stage", min(done, total), total, 0)
    rows = translation.rejected
    for seq, start in enumerate(range(0, len(rows), _REJECTED)):
        packed = msgspec.json.encode(rows[start : start + _REJECTED])
        retrying(db, lambda tx, seq=seq, packed=packed: store.add_piece(tx, run, "rejected", "", seq, packed))  # type: ignore[misc]
    retrying(db, lambda tx: store.change_run(tx, run, state=RunState.checked.value, problem=None))


__all__ = ["Options", "Progress", "import_files", "import_frepple"]
