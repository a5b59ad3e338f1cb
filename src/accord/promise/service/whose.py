"""May this caller do this, with a promise or an approval that somebody made?

Asked of every request before it goes to the desk, each line of many included. Who made a promise or asked for an approval never
changes, so what is found here without a lock still holds under it; what is not there is left to the desk to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from accord.db.engine import Database
from accord.kit.doors import Doors
from accord.kit.errors import Denied, NotFound
from accord.promise import store
from accord.promise.model import Request, Verb

# Under which operation a verb is done; keeping a hold longer is holding, hardening one is committing.
OPERATIONS = {
    Verb.ask: "promise.ask",
    Verb.quote: "promise.quote",
    Verb.hold: "promise.hold",
    Verb.commit: "promise.commit",
    Verb.amend: "promise.amend",
    Verb.release: "promise.release",
    Verb.cancel: "promise.cancel",
    Verb.approve: "approval.decide",
    Verb.decline: "approval.decide",
}


def is_everybodys(wanted: Sequence[Request], doors: Doors) -> bool:
    """Whether the caller may do all of this with anybody's things, so that nothing needs to be looked up."""
    return all(doors.actors(one) is None for request in wanted for one in _operations(request))


def out_of_reach(db: Database, wanted: Sequence[Request], doors: Doors) -> list[Denied | None]:
    """For each request why the caller may not do it, or None."""
    if is_everybodys(wanted, doors):
        return [None] * len(wanted)
    with db.read() as tx:
        promises = store.promises(tx, sorted({r.promise for r in wanted if r.promise is not None}))
        approvals = store.approvals(tx, sorted({r.approval for r in wanted if r.approval is not None}))
    found: list[Denied | None] = []
    for request in wanted:
        about = promises.get(request.promise or "") or approvals.get(request.approval or "")
        found.append(_judged(request, about.actor if about is not None else doors.who.actor, doors))
    return found


def _judged(request: Request, owner: str, doors: Doors) -> Denied | None:
    try:
        for one in _operations(request):
            doors.check(one, owner)
    except Denied as refused:
        return refused
    return None


def _operations(request: Request) -> tuple[str, ...]:
    if request.verb is Verb.ask and request.promise is not None:
        return OPERATIONS[Verb.ask], "promise.read"  # it is answered with what the promise holds
    return (OPERATIONS[request.verb],)


def owner_of_decision(db: Database, id: str) -> str:
    """Who answers for what was decided: who made the promise it is about, or else who asked. Raises: NotFound."""
    with db.read() as tx:
        kept = store.decision(tx, id)
        if kept is None:
            raise NotFound(f"There is no decision {id[:100]}.")
        promise = kept.decision().promise
        about = store.promises(tx, [promise]) if promise is not None else {}
    return about[promise].actor if promise is not None and promise in about else kept.actor
