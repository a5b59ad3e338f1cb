"""Was this request decided before? Then it gets the answer of then, or hears that its terms have changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from accord.db import requests as claims
from accord.db.tx import Tx
from accord.kit.digest import canonical, digest
from accord.kit.errors import AccordError, Fault, RequestChanged
from accord.promise import store
from accord.promise.model import Decision, Request

Answer = Decision | AccordError


class _Terms(msgspec.Struct, frozen=True, gc=False):
    """What must be the same when an id comes again; its fields are in the order of their names."""

    actor: str
    request: Request


def terms(request: Request, actor: str) -> str:
    """The fingerprint of what must be the same when an id comes again."""
    return digest(canonical(_Terms(actor, request)))


def answered_before(
    tx: Tx,
    waiting: Sequence[Request],
    claimed: Mapping[str, claims.StoredReply | claims.Changed | claims.Claimed],
) -> dict[str, Answer]:
    """The answers to those of the requests whose ids were used before."""
    same = [request.id for request in waiting if isinstance(claimed[request.id], claims.StoredReply)]
    kept = store.decisions_of_requests(tx, same) if same else {}
    answers: dict[str, Answer] = {}
    for request in waiting:
        if isinstance(claimed[request.id], claims.Changed):
            answers[request.id] = changed(request)
    for id in same:
        answers[id] = kept[id].decision() if id in kept else Fault(f"the decision on request {id} is gone")
    return answers


def is_repeat(decision: Decision, request: Request) -> bool:
    """Whether this decision was made before for the same id, be it a moment ago in the same batch.

    A decision holds the very request it was made on; what is stored, or was made for another caller, holds an equal one.
    """
    return decision.request is not request


def changed(request: Request) -> RequestChanged:
    """What is said to an id that comes with other terms."""
    return RequestChanged(
        f"The id {request.id} was used before with other terms. Use a new id for a new request."
    )
