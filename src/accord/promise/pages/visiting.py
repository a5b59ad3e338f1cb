"""Who looks at a page of promises, and whose promises may he read?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from accord.db.engine import Database
from accord.kit.errors import AccordError
from accord.promise import service
from accord.promise.model import Request as Wanted
from accord.promise.pages.submitting import Visitor, doors_of


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visitor, as far as pages of promises differ by it."""

    actor: str
    team_mates: frozenset[str] = frozenset()
    reads: frozenset[str] | None = None  # whose promises; None = everybody's
    reads_raw: frozenset[str] | None = None  # whose decisions, with cost and margin; None = everybody's
    opens: frozenset[str] = frozenset()  # what he may do at all

    def sees_margin_of(self, owner: str) -> bool:
        """Whether what a promise earns is shown to him."""
        return self.reads_raw is None or owner in self.reads_raw

    def may(self, operation: str) -> bool:
        """Whether he may do this at all, be it with his own promises only."""
        return operation in self.opens


def visit_of(request: Visitor) -> Visit:
    """The visitor of a request."""
    doors = doors_of(request)
    return Visit(
        actor=doors.who.actor,
        team_mates=doors.who.team_mates,
        reads=doors.actors("promise.read"),
        reads_raw=doors.actors("promise.raw"),
        opens=frozenset(one for one in doors.reaches if doors.opens(one)),
    )


def refusals_of(db: Database, request: Visitor, wanted: Sequence[Wanted]) -> Sequence[AccordError | None]:
    """For each request why this visitor may not ask for it, or None: a promise belongs to whoever made it."""
    return service.out_of_reach(db, wanted, doors_of(request))
