"""Where are promises and decisions kept?

Neither is ever overwritten: a change of a promise appends a version, and the one before is no longer in force.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

import msgspec

from accord.db.failures import Retry
from accord.db.made_by import made_by
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Fault, InputError
from accord.promise.model import Approval, Decision, Promise
from accord.promise.store.tables import decision_table, promise_table

_pack = msgspec.msgpack.Encoder().encode
_unpack_approval = msgspec.msgpack.Decoder(Approval).decode
_unpack = msgspec.msgpack.Decoder(Promise).decode


class StoredDecision(msgspec.Struct, frozen=True):
    """A decision as it was kept."""

    id: str
    actor: str
    before: int | None  # the version of the promise that was read
    digest: str
    body: bytes  # canonical JSON of Decision, the very bytes that were kept

    def decision(self) -> Decision:
        """The decision that the bytes say."""
        return decision_from(self.body)


_STORED = "id, actor, before, digest, body"


# --- decisions ---


def add_decisions(tx: Tx, made: Sequence[tuple[Decision, bytes, str, int | None, str]]) -> None:
    """Keep decisions: (decision, its canonical bytes, their digest, version of the promise read, actor)."""
    tx.insert(
        decision_table,
        [
            (
                decision.id,
                decision.request.id,
                decision.request.verb.value,
                decision.verdict.value,
                decision.now,
                actor,
                decision.graph_version,
                decision.policy_version,
                decision.engine_version,
                decision.promise,
                before,
                digest,
                body,
            )
            for decision, body, digest, before, actor in made
        ],
    )


def decision(tx: Tx, id: str) -> StoredDecision | None:
    """One decision, or None."""
    # One row, by primary key.
    found = tx.rows(f"SELECT {_STORED} FROM decision WHERE id = :id", id=id)  # noqa: S608 - our own names
    return StoredDecision(*found[0]) if found else None


def decisions_page(tx: Tx, after: str = "", limit: int = 50) -> list[StoredDecision]:
    """Decisions in the order of their ids, which is that of their making, from the one after `after` on."""
    # A stretch of the primary key.
    found = tx.rows(
        f"SELECT {_STORED} FROM decision WHERE id > :after ORDER BY id LIMIT :limit",  # noqa: S608 - our own names
        after=after,
        limit=limit,
    )
    return [StoredDecision(*row) for row in found]


def how_many(tx: Tx) -> int:
    """How many decisions and promises there are together: what a look at all of them has before it."""
    # Both along the smallest index there is of each.
    return int(
        tx.rows("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM promise WHERE in_force)")[0][
            0
        ]
    )


def decisions_of_requests(tx: Tx, ids: Sequence[str]) -> dict[str, StoredDecision]:
    """The decisions that answered these requests, by request id; a request without one is left out."""
    # By the index on request_id; one request has one decision.
    found = tx.rows_in(
        f"SELECT request_id, {_STORED} FROM decision WHERE request_id IN (:keys) ORDER BY request_id, id",  # noqa: S608 - our own names
        ids,
    )
    return {id: StoredDecision(*row) for id, *row in found}


def decisions_of_promise(tx: Tx, promise: str) -> list[StoredDecision]:
    """Every decision that made or changed a promise, oldest first."""
    # By the partial index on promise.
    found = tx.rows(
        f"SELECT {_STORED} FROM decision WHERE promise = :promise ORDER BY now, id",  # noqa: S608 - our own names
        promise=promise,
    )
    return [StoredDecision(*row) for row in found]


def quotes_page(
    tx: Tx, after: str | None, limit: int, actors: Iterable[str] | None = None
) -> tuple[list[StoredDecision], str | None]:
    """Decisions that quoted a price, or said why not, newest first, and where the next page starts; `actors`: theirs only."""
    by, named = made_by(actors)
    # A stretch of the partial index on quotes, from its end: ids sort by time, and "~" is behind every id.
    found = tx.rows(
        f"SELECT {_STORED} FROM decision WHERE verb = 'quote' AND id < :after"  # noqa: S608 - our own names
        + "".join(f" AND {one}" for one in by)
        + " ORDER BY id DESC LIMIT :limit",
        after=after or "~",
        limit=limit + 1,
        **named,
    )
    page = [StoredDecision(*row) for row in found[:limit]]
    return page, page[-1].id if len(found) > limit else None


# --- approvals ---


def put_approvals(tx: Tx, changed: Sequence[Approval]) -> None:
    """Add versions of approvals. Raises: Retry when somebody else gave or declined one meanwhile."""
    for one in changed:
        # One row, by primary key; whoever comes second with the same version waits, and finds it there.
        made = tx.execute(
            "INSERT INTO approval (id, version, state, role, actor, promise, expires_at, body)"
            " VALUES (:id, :version, :state, :role, :actor, :promise, :expires_at, :body)"
            " ON CONFLICT (id, version) DO NOTHING",
            id=one.id,
            version=one.version,
            state=one.state.value,
            role=one.role,
            actor=one.actor,
            promise=one.promise,
            expires_at=one.expires_at,
            body=_pack(one),
        )
        if made != 1:
            raise Retry(f"approval {one.id} was decided meanwhile")


def approvals(tx: Tx, ids: Sequence[str]) -> dict[str, Approval]:
    """These approvals as they stand; one that does not exist is not among them."""
    # By primary key: each approval has at most two versions.
    found = tx.rows_in("SELECT body FROM approval WHERE id IN (:keys) ORDER BY id, version", ids)
    return {one.id: one for one in [_unpack_approval(body) for (body,) in found]}


def approvals_of_promise(tx: Tx, promise: str) -> list[Approval]:
    """The approvals about a promise as they stand, the first asked first."""
    # By the partial index on promise, then by primary key.
    found = tx.rows("SELECT DISTINCT id FROM approval WHERE promise = :promise ORDER BY id", promise=promise)
    return list(approvals(tx, [id for (id,) in found]).values())


def approval_at(tx: Tx, id: str, version: int) -> Approval | None:
    """An approval as it was at a version, or None."""
    # One row, by primary key.
    found = tx.rows("SELECT body FROM approval WHERE id = :id AND version = :version", id=id, version=version)
    return _unpack_approval(found[0][0]) if found else None


def approvals_page(
    tx: Tx,
    *,
    after: str | None = None,
    limit: int = 50,
    pending_at: Instant = 0,
    actors: Iterable[str] | None = None,
) -> tuple[list[Approval], str | None]:
    """Approvals as they stand, newest first, and where the next page starts; `pending_at`: only those still open then;
    `actors`: only what these asked."""
    by, named = made_by(actors)
    # A stretch of the primary key, from its end: ids sort by time. "~" is behind every id, 0 before every moment.
    found = tx.rows(
        "SELECT body FROM approval a WHERE id < :after"  # noqa: S608 - our own words
        " AND version = (SELECT max(version) FROM approval b WHERE b.id = a.id)"
        " AND (:pending_at = 0 OR (state = 'pending' AND expires_at > :pending_at))"
        + "".join(f" AND {one}" for one in by)
        + " ORDER BY id DESC LIMIT :limit",
        after=after or "~",
        limit=limit + 1,
        pending_at=pending_at,
        **named,
    )
    page = [_unpack_approval(body) for (body,) in found[:limit]]
    return page, page[-1].id if len(found) > limit else None


# --- promises ---


def put_promises(tx: Tx, changed: Sequence[Promise]) -> None:
    """Append versions of promises; the last one given of each is in force.

    Raises: Fault when a version does not follow the one in force.
    """
    latest: dict[str, int] = {}
    first: dict[str, int] = {}
    for one in changed:
        if one.version != latest.get(one.id, one.version - 1) + 1:
            raise Fault(f"version {one.version} of {one.id} does not follow the one before")
        latest[one.id] = one.version
        first.setdefault(one.id, one.version)
    # The versions that were in force, by primary key.
    tx.update_many(
        promise_table,
        ("id", "version"),
        ("in_force",),
        [(id, version - 1, False) for id, version in first.items() if version > 1],
    )
    tx.insert(promise_table, [_row(one, latest[one.id] == one.version) for one in changed])


def _row(one: Promise, in_force: bool) -> tuple[object, ...]:
    return (
        one.id,
        one.version,
        in_force,
        one.state.value,
        one.customer,
        one.actor,
        one.ref,
        one.request,
        one.decision,
        one.made_at,
        one.changed_at,
        one.expires_at,
        min((line.promised_on for line in one.lines), default=None),
        one.value_minor,
        bool(one.changed_by) or any(line.promised_on != line.first_promised_on for line in one.lines),
        "\n".join(sorted({line.item for line in one.lines})),
        _pack(one),
    )


def promises(tx: Tx, ids: Sequence[str]) -> dict[str, Promise]:
    """The promises in force with these ids; one that does not exist is not among them."""
    # By primary key: each promise has few versions.
    found = tx.rows_in("SELECT body FROM promise WHERE id IN (:keys) AND in_force ORDER BY id", ids)
    return {one.id: one for one in [_unpack(body) for (body,) in found]}


def customers_in_use(tx: Tx) -> frozenset[str]:
    """Customers of promises that are held or committed."""
    # A scan of the partial index on the customer, to undo an import of customers.
    found = tx.rows(
        "SELECT DISTINCT customer FROM promise WHERE in_force AND customer IS NOT NULL AND state IN ('held', 'committed')"
    )
    return frozenset(customer for (customer,) in found)


def promise_at(tx: Tx, id: str, version: int) -> Promise | None:
    """A promise as it was at a version, or None."""
    # One row, by primary key.
    found = tx.rows("SELECT body FROM promise WHERE id = :id AND version = :version", id=id, version=version)
    return _unpack(found[0][0]) if found else None


def promise_history(tx: Tx, id: str) -> list[Promise]:
    """Every version of a promise, oldest first."""
    # A stretch of the primary key.
    return [
        _unpack(body)
        for (body,) in tx.rows("SELECT body FROM promise WHERE id = :id ORDER BY version", id=id)
    ]


def find_promise(tx: Tx, text: str) -> Promise | None:
    """The promise in force with this id, or else the latest made with this order or quote number."""
    found = promises(tx, [text])
    if found:
        return found[text]
    # The newest row of the partial index on ref.
    named = tx.rows(
        "SELECT body FROM promise WHERE ref = :ref AND ref <> '' AND in_force ORDER BY made_at DESC, id DESC LIMIT 1",
        ref=text,
    )
    return _unpack(named[0][0]) if named else None


def promises_page(
    tx: Tx,
    *,
    after: str | None = None,
    limit: int = 50,
    customer: str | None = None,
    state: str | None = None,
    ref: str | None = None,
    item: str | None = None,
    ids: Sequence[str] | None = None,
    actors: Iterable[str] | None = None,
) -> tuple[list[Promise], str | None]:
    """Promises in force, newest first, and the cursor of the next page, None at the end.

    The cursor names the last promise shown, so that a page neither repeats nor skips one when others are made
    meanwhile. `ids` limits the list to these, such as those with an open exception; `actors` to what these made.
    Raises: InputError when `after` is no cursor.
    """
    made_at, id = _of_cursor(after) if after is not None else (None, "")
    given = {"made_at": made_at, "customer": customer, "state": state, "ref": ref}
    wanted = {name: value for name, value in given.items() if value is not None}
    where = [_CONDITIONS[name] for name in wanted]
    if made_at is not None:
        wanted["id"] = id
    if item is not None:
        where.append("instr(char(10) || item_ids || char(10), char(10) || :item || char(10)) > 0")
        if tx.dialect == "postgresql":
            where[-1] = "strpos(chr(10) || item_ids || chr(10), chr(10) || :item || chr(10)) > 0"
        wanted["item"] = item
    by, named = made_by(actors)
    where += by
    # A stretch of the partial index on customer, ref or made_at, the first one that is asked for.
    sql = (
        "SELECT body FROM promise WHERE in_force"  # noqa: S608 - our own words
        + "".join(f" AND {one}" for one in where)
        + (" AND id IN (:keys)" if ids is not None else "")
        + " ORDER BY made_at DESC, id DESC LIMIT :limit"
    )
    params = {**wanted, **named, "limit": limit + 1}
    found = tx.rows(sql, **params) if ids is None else tx.rows_in(sql, ids, **params)
    page = [_unpack(body) for (body,) in found[:limit]]
    return page, _to_cursor(page[-1]) if page and len(found) > limit else None


_CONDITIONS = {
    "made_at": "(made_at, id) < (:made_at, :id)",
    "customer": "customer = :customer",
    "state": "state = :state",
    "ref": "ref = :ref",
}


def _to_cursor(last: Promise) -> str:
    return base64.urlsafe_b64encode(f"{last.made_at},{last.id}".encode()).decode().rstrip("=")


def _of_cursor(cursor: str) -> tuple[int, str]:
    try:
        made_at, _, id = (
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode().partition(",")
        )
        if len(made_at) > 18:  # no moment; SQLite keeps no number of more digits
            raise ValueError(made_at)
        return int(made_at), id
    except (ValueError, binascii.Error) as error:
        raise InputError.at(
            "after",
            "not_a_cursor",
            "This is no place in the list. Take `next` of the page before, or leave it out.",
        ) from error


def decision_from(body: bytes) -> Decision:
    """The decision that kept bytes say."""
    return msgspec.json.decode(body, type=Decision)
