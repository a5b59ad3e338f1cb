"""What are the steps of a person who brings files in by hand? Recognise, map, check, try, let in.

All that is said and seen is kept with the run, so that each step can be left, reloaded and taken up by somebody else. Work
that takes long is done at the bench; a step is due when the one before it has no question left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from accord.connect import store
from accord.connect.files import rejected as rejected_files
from accord.connect.files.choices import Choices
from accord.connect.files.planned import BY_PERSON, Planned, checked
from accord.connect.model import Run, RunState, Setup
from accord.connect.service import steps
from accord.connect.service.reading import Judged, Walk, due, keep_walk, read, remember, walk_of
from accord.connect.service.working import Working, bench
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.digest import canonical, digest
from accord.kit.errors import InputError


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands."""

    run: Run
    walk: Walk
    step: str  # working, stopped, recognise, map, check, before, try, done, undone, elsewhere
    working: Working | None
    judged: Judged | None
    is_listed: bool  # what it makes and changes is kept one by one
    now: Instant


def standing(db: Database, id: str) -> Standing:
    """Where a run stands, and what is due. Raises: NotFound."""
    with db.read() as tx:
        run = steps.run_out(steps.found_run(tx, id), tx.now())
        body, effects = store.piece(tx, id, "walk"), store.piece(tx, id, "effects")
        is_here = body is not None or store.count_pieces(tx, id, "file") > 0
        is_listed = store.count_pieces(tx, id, "changes") > 0
        now = tx.now()
    walk = Walk() if body is None else msgspec.json.decode(body, type=Walk)
    working = bench(db).seen(id)
    return Standing(
        run=run,
        walk=walk,
        step=_step(run, walk, working, is_here=is_here),
        working=working,
        judged=None if effects is None else msgspec.json.decode(effects, type=Judged),
        is_listed=is_listed,
        now=now,
    )


def _step(run: Run, walk: Walk, working: Working | None, *, is_here: bool) -> str:
    if working is not None and working.error is None:
        return "working"
    if run.state in (RunState.done, RunState.undone):
        return run.state.value
    if not is_here:
        return "elsewhere"
    if not walk.looks:
        return "stopped" if run.problem is None else "check"
    step = due(walk)
    if step:
        return step
    if run.state is RunState.checked:
        return "try"
    if run.problem is None:
        return "stopped"
    return "before" if run.problem.get("code") == "came_in_before" else "check"


# --- to put in -----------------------------------------------------------------------------------------


def put_in(
    db: Database,
    given: Mapping[str, bytes],
    *,
    source: str | None,
    actor: str,
    key: str,
    like: str | None = None,
) -> str:
    """Keep files and begin to read them; the id of the run. Rows that were given back are files again.

    `like` is a run whose answers count for these files too: they are its files, corrected. Raises: InputError,
    RequestChanged.
    """
    unwrapped: dict[str, bytes] = {}
    for name, data in given.items():
        unwrapped.update(rejected_files.given_back(name, data) or {name: data})
    setup, walk = _as_before(db, unwrapped, source, like)
    id, is_repeat = steps.keep_files(db, unwrapped, setup, source=source, actor=actor, key=key)
    if not is_repeat:
        digests = msgspec.json.encode([digest(data) for data in unwrapped.values()])

        def work(tx: Tx) -> None:
            store.put_piece(tx, id, "digests", digests)
            if walk is not None:
                keep_walk(tx, id, walk)

        retrying(db, work)
        start(db, id, actor=actor)
    return id


def _as_before(
    db: Database, given: Mapping[str, bytes], source: str | None, like: str | None
) -> tuple[Setup, Walk | None]:
    """The answers that hold for these files: of the run like it, of the same files, or of this source."""
    label, digests = source or "plain", [digest(data) for data in given.values()]
    with db.read() as tx:
        same = store.remembered(tx, "file", files_id(f"files/{label}", digests))
        earlier = store.run(tx, like or (same or b"").decode())
        last = store.mapping_of(tx, f"files/{label}")
        body = None if earlier is None else store.piece(tx, earlier.id, "walk")
    words: dict[str, str] = {}
    if last is not None:
        said = msgspec.json.decode(last, type=Setup).say
        words = {name: value for name, value in said.items() if name.startswith("unknown_")}
    if earlier is None or body is None or (not like and earlier.state != RunState.done):
        return Setup(say=words), None
    walk = msgspec.json.decode(body, type=Walk)
    # What could not be read then was taken for nothing.
    plan = tuple(one for one in walk.plan if one.is_sure and (one.target or one.by == BY_PERSON))
    kept = Walk(plan=plan, confirmed=walk.confirmed)
    return Setup(say={**words, **msgspec.json.decode(earlier.setup, type=Setup).say}), kept


def files_id(source: str, digests: Sequence[str]) -> str:
    """Under which name it is remembered that these files came in from a source, whatever they were called."""
    return f"{source}:{digest(''.join(sorted(digests)).encode())}"


def start(db: Database, id: str, *, actor: str) -> None:
    """Begin to read a run's files, or go on with it. Raises: NotFound, Conflict."""
    steps.to_change(db, id)
    bench(db).start(id, "check", actor, lambda on_progress: read(db, id, on_progress))


def dismiss(db: Database, id: str) -> None:
    """Forget why work on a run ended: it was read."""
    retrying(db, lambda tx: store.forget_work(tx, id))


def drop(db: Database, id: str) -> None:
    """Forget a run that has not come in. Raises: NotFound, Conflict when it is done."""
    steps.to_change(db, id)
    bench(db).stop(id)
    bench(db).wait(id, 10)
    retrying(db, lambda tx: store.drop_run(tx, id))


# --- to say --------------------------------------------------------------------------------------------


def say(
    db: Database,
    id: str,
    said: Mapping[str, str | None],
    *,
    actor: str,
    step: str = "",
    again: bool = False,
    full: bool | None = None,
) -> None:
    """Keep choices, None takes one back, and read on; `step` was looked at and found right.

    `again`: what came in before comes in anew; `full`: it is all that the source has. Raises: InputError naming the choice
    that says nothing, WorkedOn.
    """
    row = steps.to_change(db, id)
    setup = msgspec.json.decode(row.setup, type=Setup)
    words = {name: value for name, value in {**setup.say, **said}.items() if value is not None}
    Choices(words)
    changed = msgspec.structs.replace(
        setup, say=words, again=again or setup.again, full=setup.full if full is None else full
    )

    def work(tx: Tx) -> None:
        store.change_run(tx, id, setup=canonical(changed))
        if step:
            walk = walk_of(tx, id)
            confirmed = (*[one for one in walk.confirmed if one != step], step)
            keep_walk(tx, id, msgspec.structs.replace(walk, confirmed=confirmed))

    bench(db).idle(id)
    retrying(db, work)
    start(db, id, actor=actor)


def all_of(db: Database, id: str, code: str, way: str) -> dict[str, str | None]:
    """The choices that repair every problem of a kind in the same way. Raises: NotFound."""
    if way == "skip":
        return {f"{code}:*": way}
    # Each is made by its name: what else the file may name some day is not.
    return {one.choice: way for one in groups(db, id) if one.code == code and way in one.ways}


def plan(db: Database, id: str, tables: Sequence[Planned], *, actor: str) -> None:
    """Keep what the tables are, for this run and for the next files of its source, and read on. Raises: InputError."""
    row = steps.to_change(db, id)
    with db.read() as tx:
        walk = walk_of(tx, id)
    said = [
        checked(msgspec.structs.replace(one, by=BY_PERSON, sure=100), walk.look(one.key)) for one in tables
    ]
    if not any(one.target for one in said):
        raise InputError.at(
            "target", "nothing_left", "Every table is left out. Say of at least one what it is."
        )
    kept = msgspec.structs.replace(walk, plan=tuple(said))

    def work(tx: Tx) -> None:
        keep_walk(tx, id, kept)
        remember(tx, row.source, kept)

    bench(db).idle(id)
    retrying(db, work)
    start(db, id, actor=actor)


def groups(db: Database, id: str) -> list[steps.Group]:
    """Everything to repair, the one in most rows first. Raises: NotFound."""
    with db.read() as tx:
        steps.found_run(tx, id)
        body = store.piece(tx, id, "problems")
    return [] if body is None else msgspec.json.decode(body, type=list[steps.Group])
