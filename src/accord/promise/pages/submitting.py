"""How does a form of a page become a request at the desk?"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State

from accord.db.engine import Database
from accord.kit.doors import Doors
from accord.kit.errors import AccordError
from accord.promise import service
from accord.promise.model import Decision
from accord.promise.model import Request as Wanted

Visitor = Request[Any, Any, State]


def doors_of(request: Visitor) -> Doors:
    """What this visitor may do, and with whose things."""
    doors: Doors = request.state.doors
    return doors


def submit(db: Database, wanted: Wanted, request: Visitor) -> Decision:
    """The decision, after it is durable. Raises: what the desk answers that is no decision, Denied when the promise is out of reach."""
    (refusal,) = service.out_of_reach(db, [wanted], doors_of(request))
    if refusal is not None:
        raise refusal
    (answer,) = service.desk(db).submit([wanted], request.state.actor).result()
    if isinstance(answer, AccordError):
        raise answer
    return answer
