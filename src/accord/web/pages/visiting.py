"""Who is looking at a page that is about the person looking?"""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State

from accord.kit.errors import NotFound
from accord.web.people.sessions import Session

Visitor = Request[Any, Any, State]


def signed_in(request: Visitor) -> Session:
    """The session; on an open server there may be none. Raises: NotFound."""
    session: Session | None = request.state.session
    if session is None:
        raise NotFound(
            "Nobody is signed in here: this server is open to this machine. Sign in at /sign-in first."
        )
    return session
