"""What does somebody see who looks through promises?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from accord.db.engine import Database, retrying
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import InputError
from accord.ledger.model import OpenException, State
from accord.ledger.service import promised
from accord.promise.service.reads import Seen, seen
from accord.promise.store import listed, views
from accord.promise.store.listed import Look, Sort

__all__ = ["Listed", "Look", "Sort", "forget_view", "look", "look_through", "save_view", "saved_views"]

NAME_MAX = 60  # characters of a name
QUERY_MAX = 1_000
VIEWS_MAX = 30  # of one actor
_PIECE = 500


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list, and what stands above it."""

    rows: tuple[Seen, ...]
    following: str | None  # the cursor of the next page, None at the end
    counts: Mapping[State, int]  # of each state, whichever one is looked at
    within: Mapping[str, int]  # of each of the lists that were named: how many are so, of any state
    uncovered: Mapping[str, tuple[OpenException, ...]]  # of the promises of this page, by promise


def look(
    db: Database,
    wanted: Look,
    *,
    sort: Sort = "made",
    is_down: bool = True,
    after: str | None = None,
    limit: int = 50,
    beside: Mapping[str, Look] | None = None,
) -> Listed:
    """The promises that are so, in one order. `beside`: other lists of which only the size is wanted.

    The number of statements does not depend on how many promises there are. Raises: InputError when `after` is no cursor
    of this order.
    """
    with db.read() as tx:
        now, open_ids, uncovered = _known(tx)
        page, following = listed.page(
            tx,
            wanted,
            sort=sort,
            is_down=is_down,
            open_ids=open_ids,
            uncovered=uncovered,
            now=now,
            after=after,
            limit=limit,
        )
        return Listed(
            rows=(rows := tuple(seen(tx, page))),
            following=following,
            counts=listed.counts(tx, wanted, open_ids=open_ids, uncovered=uncovered, now=now),
            within={
                name: sum(listed.counts(tx, one, open_ids=open_ids, uncovered=uncovered, now=now).values())
                for name, one in (beside or {}).items()
            },
            uncovered=_uncovered(tx, rows),
        )


def look_through(
    db: Database, wanted: Look, *, sort: Sort = "made", is_down: bool = True
) -> Iterator[list[Seen]]:
    """All promises that are so, in pieces; each piece is from one snapshot, and none is met twice."""
    after: str | None = None
    while True:
        with db.read() as tx:
            now, open_ids, uncovered = _known(tx)
            page, after = listed.page(
                tx,
                wanted,
                sort=sort,
                is_down=is_down,
                open_ids=open_ids,
                uncovered=uncovered,
                now=now,
                after=after,
                limit=_PIECE,
            )
            rows = seen(tx, page)
        yield rows
        if after is None:
            return


def _known(tx: Tx) -> tuple[Instant, list[str], list[str]]:
    return tx.now(), promised.open_promises(tx), promised.uncovered_promises(tx)


def _uncovered(tx: Tx, rows: tuple[Seen, ...]) -> dict[str, tuple[OpenException, ...]]:
    owner = {one.id: row.promise.id for row in rows for one in row.commitments}
    open_now = [one for row in rows for one in row.commitments if one.state.is_open]
    found: dict[str, list[OpenException]] = {}
    for exception in promised.exceptions_of(tx, open_now):
        found.setdefault(owner[exception.commitment], []).append(exception)
    return {id: tuple(of) for id, of in found.items()}


# --- lists under a name ---


def saved_views(db: Database, actor: str) -> list[tuple[str, str]]:
    """The lists that an actor saved: (name, query), by name."""
    with db.read() as tx:
        return views.views(tx, actor)


def save_view(db: Database, actor: str, name: str, query: str) -> None:
    """Save a list under a name. Raises: InputError for a name that is empty or too long, and for one too many."""
    if not name or len(name) > NAME_MAX or "\0" in name:
        detail = f"Give the list a name of at most {NAME_MAX} characters."
        raise InputError.at("name", "bad_name", detail)
    if len(query) > QUERY_MAX:
        raise InputError.at("query", "too_long", "This list is described at too much length to be saved.")

    def work(tx: Tx) -> None:
        there = {one for one, _query in views.views(tx, actor)}
        if name not in there and len(there) >= VIEWS_MAX:
            detail = f"You have saved {VIEWS_MAX} lists. Forget one that you do not need first."
            raise InputError.at("name", "too_many", detail)
        views.save(tx, actor, name, query)

    retrying(db, work)


def forget_view(db: Database, actor: str, name: str) -> None:
    """Save it no longer."""
    retrying(db, lambda tx: views.forget(tx, actor, name))
