"""Which doors are open to one caller, and whose things does he find behind them?

An operation is a door: `promise.amend`. How far a caller reaches behind it is read from one declared table by whoever lets
requests in, and handed on as `request.state.doors`; who lists things or changes them asks here, and knows no role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

import msgspec

from accord.kit.errors import Denied
from accord.kit.who import Who


class Reach(IntEnum):
    """Whose things may be touched: the further includes the nearer."""

    none = 0
    own = 1  # what one made oneself
    team = 2  # and what others of the same team made; who leads a team: every member of it
    all = 3  # whoever made it


class NotYours(Denied):
    """The door is open to you, but this belongs to somebody you do not act for."""

    code = "not_yours"
    title = "This is somebody else's"


class NotYourRole(Denied):
    """None of your roles opens this door."""

    code = "not_your_role"
    title = "Your role does not include this"


class Doors(msgspec.Struct, frozen=True):
    """What one caller may do, for the length of a request."""

    who: Who
    reaches: Mapping[str, Reach]  # by operation; one that is missing is shut
    rule: Callable[[str], str]  # the rule of an operation in words: who may
    does: Callable[[str], str]  # what an operation is, to follow "you may": "amend a promise"

    def reach(self, operation: str) -> Reach:
        """How far the caller reaches behind this door."""
        return self.reaches.get(operation, Reach.none)

    def opens(self, operation: str) -> bool:
        """Whether the caller may do this at all, be it with his own things only."""
        return self.reach(operation) is not Reach.none

    def actors(self, operation: str) -> frozenset[str] | None:
        """Whose things: None = everybody's."""
        reach, own = self.reach(operation), frozenset((self.who.actor,))
        if reach is Reach.all:
            return None
        if reach is Reach.team:
            return own | self.who.team_mates
        return own if reach is Reach.own else frozenset()

    def covers(self, operation: str, owner: str) -> bool:
        """Whether the caller may do this with what `owner` made."""
        actors = self.actors(operation)
        return actors is None or owner in actors

    def pass_through(self, operation: str) -> None:
        """Raises: NotYourRole when this door is shut."""
        if not self.opens(operation):
            raise NotYourRole(self._shut(), extra={"operation": operation, "rule": self.rule(operation)})

    def check(self, operation: str, owner: str) -> None:
        """Raises: NotYourRole when this door is shut, NotYours when what `owner` made is out of reach."""
        self.pass_through(operation)
        if not self.covers(operation, owner):
            whose = self._whose(operation)
            detail = f"This belongs to {owner}. You may {self.does(operation)} only where {whose} made it."
            raise NotYours(detail, extra={"operation": operation, "rule": self.rule(operation)})

    def _shut(self) -> str:
        roles = self.who.roles
        if not roles:
            return "You have no role that includes this."
        if len(roles) == 1:
            return f"Your role ({roles[0]}) does not include this."
        return f"None of your roles ({', '.join(roles)}) includes this."

    def _whose(self, operation: str) -> str:
        return "you or your team" if self.reach(operation) is Reach.team else "you yourself"
