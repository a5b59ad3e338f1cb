"""Who is at the other end of a request?

A person who signed in, a program with a key, or anybody on a server that was opened to its own machine. The shell (pages) and
the gate (API) find it out once; whoever asks later reads `request.state.who`.
"""

from __future__ import annotations

import msgspec

ANYBODY = "anybody"  # the actor of an open server


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """One caller, as known for the length of a request."""

    actor: str  # the name under which everything is recorded and decided
    roles: tuple[str, ...] = ()  # of a person: seller, service, sales manager, …
    team: str = ""
    team_mates: frozenset[str] = frozenset()  # the actors of the same team, the manager of it included
    scopes: tuple[str, ...] = ()  # of a program
    is_open: bool = False  # anybody on this machine: everything is allowed that the decision rights allow
