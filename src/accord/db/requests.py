"""Was this request answered before?

The first statement of a batch claims its request ids: whoever inserts the row first does the work, everybody else
reads the stored answer. Someone who claims an id that another open transaction holds waits for its end. Claim, effects
and reply share one transaction, so a claim without a reply does not survive. Ids are kept for ever; only reply bodies
are pruned, and are then rebuilt from the decision.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.schema import request as request_table
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import Fault

PRUNED_AT_ONCE = 5_000  # so that nobody waits long for the one who prunes

_NAMES = ("id", "terms_hash", "actor")


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One request id that somebody wants to act on."""

    id: str
    terms_hash: str  # of the normalized request
    actor: str


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """The id is new and ours: do the work and record the reply in this transaction."""

    id: str


class StoredReply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The id was used before, by the same actor with the same terms: this was the answer."""

    id: str
    actor: str  # who asked then
    decision_id: str | None
    status: int
    reply: bytes | None  # None = pruned, or never kept: the decision says it
    replied_at: Instant


class Changed(msgspec.Struct, frozen=True, gc=False):
    """The id was used before, with other terms or by another actor."""

    id: str


class Reply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to a claimed id."""

    id: str
    status: int
    reply: bytes | None = None  # None = the decision says it
    decision_id: str | None = None


def claim(tx: Tx, claims: Sequence[Claim]) -> dict[str, Claimed | StoredReply | Changed]:
    """Claim request ids, in sorted order; waits for a transaction that holds one of them.

    Raises: Fault when an id comes twice: repeats in a batch are folded before.
    """
    if not claims:
        return {}
    ordered = sorted(claims, key=lambda one: one.id)
    ids = [one.id for one in ordered]
    if len(set(ids)) < len(ids):
        raise Fault("a request id was claimed twice in one batch")
    new = _insert_new(tx, ordered)
    found: dict[str, Claimed | StoredReply | Changed] = {id: Claimed(id) for id in new}
    old = {one.id: one for one in ordered if one.id not in new}
    if old:
        # The claims that were there already, with their answers; by primary key. A statement of its own, so that it
        # sees what a transaction we waited for has committed.
        for id, terms_hash, actor, decision_id, status, reply, replied_at in tx.rows_in(
            "SELECT id, terms_hash, actor, decision_id, status, reply, replied_at FROM request"
            " WHERE id IN (:keys) ORDER BY id",
            list(old),
        ):
            # What was answered to one is not told to another, whatever the id and the terms.
            if terms_hash != old[id].terms_hash or actor != old[id].actor:
                found[id] = Changed(id)
            elif replied_at is None:
                raise Fault(f"request {id} was claimed but never answered")
            else:
                found[id] = StoredReply(
                    id=id,
                    actor=actor,
                    decision_id=decision_id,
                    status=status,
                    reply=reply,
                    replied_at=replied_at,
                )
    return {one.id: found[one.id] for one in claims}


def _insert_new(tx: Tx, claims: Sequence[Claim]) -> set[str]:
    clock, now = tx.clock
    rows = [(one.id, one.terms_hash, one.actor) for one in claims]
    # Inserts the ids that are not there yet, in the given order, and returns them; the primary key decides.
    new = tx.rows_of(
        f"INSERT INTO request (id, terms_hash, actor, created_at) SELECT given.*, {clock} FROM (:rows) AS given"  # noqa: S608
        " WHERE true ON CONFLICT (id) DO NOTHING RETURNING id",
        request_table,
        _NAMES,
        rows,
        **now,
    )
    return {id for (id,) in new}


def unclaim(tx: Tx, ids: Sequence[str]) -> None:
    """Give ids back that this transaction claimed and did not answer; another transaction will."""
    if ids:
        # These rows, by primary key; only ones that have no answer yet.
        tx.execute_in("DELETE FROM request WHERE id IN (:keys) AND replied_at IS NULL", list(ids))


def record_reply(tx: Tx, replies: Sequence[Reply], *, at: Instant | None = None) -> None:
    """Keep the answers to ids that this transaction claimed; `at` saves asking the store's clock once more."""
    now = tx.now() if at is None else at
    tx.update_many(
        request_table,
        ("id",),
        ("decision_id", "status", "reply", "replied_at"),
        [(one.id, one.decision_id, one.status, one.reply, now) for one in replies],
    )


def prune_replies(tx: Tx, older_than: Instant, *, limit: int = PRUNED_AT_ONCE) -> int:
    """Forget the bodies of the oldest replies given before a moment; the ids and decisions stay. Returns how many."""
    # The oldest rows with a body, through the partial index on replied_at.
    return tx.execute(
        "UPDATE request SET reply = NULL WHERE id IN (SELECT id FROM request WHERE reply IS NOT NULL"
        " AND replied_at < :older_than ORDER BY replied_at LIMIT :limit)",
        older_than=older_than,
        limit=limit,
    )
