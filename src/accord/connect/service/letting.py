"""How does somebody who watches let an import in, and look at what it did?"""

from __future__ import annotations

import msgspec

from accord.connect import store
from accord.connect.listing import Listed
from accord.connect.model import Rejected, RunState, Setup
from accord.connect.service import bringing, steps, switch
from accord.connect.service.bringing import Progress
from accord.connect.service.reading import judge, read, remember, walk_of
from accord.connect.service.walking import files_id, groups
from accord.connect.service.working import bench
from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.errors import Conflict


class OtherEffects(Conflict):
    """The import would do something else to promises than was seen."""

    code = "effects_changed"
    title = "It changed while you looked"


def begin(db: Database, id: str, *, seen: str, actor: str) -> None:
    """Begin to let a checked run in; `seen` is the digest of the effects that were looked at. Raises: NotFound, Conflict."""
    with db.read() as tx:
        row = steps.found_run(tx, id)
    if row.state == RunState.done:
        return
    if row.state != RunState.checked:
        raise steps.not_checked(row)
    bench(db).start(id, "commit", actor, lambda on_progress: let_in(db, id, seen, actor, on_progress))


def let_in(db: Database, id: str, seen: str, actor: str, on_progress: Progress) -> None:
    """Judge it once more, and where that is what was seen let it in. Raises: OtherEffects, NotChecked, InputError."""
    with db.read() as tx:
        row = steps.found_run(tx, id)
    if row.basis != bringing.basis(db):
        # Names that were known may not be any more.
        read(db, id, on_progress)
    with db.read() as tx:
        row = steps.found_run(tx, id)
        translation = steps.beside(tx, row)
    now = judge(db, id, translation, on_progress)
    if now.digest != seen:
        raise OtherEffects(
            f"Promises were made or supply changed while you looked. Now: {now.effects.sentence} Nothing is in yet."
        )
    on_news = bringing.news_progress(len(translation.news), on_progress)
    switch.let_in(db, id, translation, actor=actor, on_news=on_news, remembers=_remembers(db, row))
    retrying(db, lambda tx: _keep(tx, id))


def _remembers(db: Database, row: store.Row) -> Setup | None:
    """How this source is read by itself stays as it is; the names that were said to mean others are added."""
    setup = msgspec.json.decode(row.setup, type=Setup)
    with db.read() as tx:
        is_given = walk_of(tx, row.id).is_given
        body = store.mapping_of(tx, row.source)
    if is_given:
        return bringing.merged(db, setup, row.source.removeprefix("files/"))
    words = {name: value for name, value in setup.say.items() if value.startswith("map ")}
    if not words:
        return None
    last = Setup() if body is None else msgspec.json.decode(body, type=Setup)
    return msgspec.structs.replace(last, say={**last.say, **words})


def _keep(tx: Tx, id: str) -> None:
    """Remember what the tables were, and that these files came in."""
    row, walk = steps.found_run(tx, id), walk_of(tx, id)
    remember(tx, row.source, walk)
    digests = store.piece(tx, id, "digests")
    if digests is not None:
        store.remember(
            tx, [("file", files_id(row.source, msgspec.json.decode(digests, type=list[str])), id.encode())]
        )


# --- to look at ----------------------------------------------------------------------------------------


def changes(db: Database, id: str, kind: str, which: str, page: int) -> list[Listed]:
    """What it makes, changes or leaves of a kind, a page of it, in words. Raises: NotFound."""
    with db.read() as tx:
        steps.found_run(tx, id)
        body = store.piece(tx, id, "changes", f"{kind}:{which}", page)
    return [] if body is None else msgspec.json.decode(body, type=list[Listed])


def basis_of(tx: Tx, id: str) -> str:
    """The versions of names and rules that a run was read against. Raises: NotFound."""
    return steps.found_run(tx, id).basis


def left_out(
    db: Database, id: str, *, choice: str = "", start: int = 0, limit: int = 100
) -> tuple[list[Rejected], int]:
    """A stretch of the rows that keep it out or were left out, and how many there are; with a choice, those it repairs.

    Raises: NotFound.
    """
    found = steps.rejected_rows(db, id)
    if choice:
        meant = {(one.file, row) for one in groups(db, id) if one.choice == choice for row in one.rows}
        found = [one for one in found if (one.file, one.row) in meant]
    return found[start : start + limit], len(found)


__all__ = ["OtherEffects", "basis_of", "begin", "changes", "left_out", "let_in"]
