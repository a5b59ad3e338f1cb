"""What does one way of starting the server add to every page?

Pages that only it has, where somebody begins who has not signed in, and something that is shown on all pages. The
server itself adds nothing; the demo does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from litestar.handlers import HTTPRouteHandler

from accord.db.engine import Database
from accord.web.people.sessions import Session

Shown = Callable[[Database, Session | None], Mapping[str, object]]


@dataclass(frozen=True)
class Extras:
    """What is added."""

    pages: Sequence[HTTPRouteHandler] = field(default=())
    front: str = ""  # where who comes to "/" without a session is led; "" = nowhere else
    shown: Shown | None = None  # what layout.html finds as `added`
