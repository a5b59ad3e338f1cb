"""How does a visitor of the demo step behind somebody's desk, and learn what to do there?

One press signs in as somebody of the company, without a password: these routes are part of a server that was started as
the demo, on its own made-up data and for this machine only, and of no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.demo import service, tour
from accord.demo.people import PEOPLE
from accord.kit.errors import NotFound
from accord.web.entrance.extras import Extras
from accord.web.entrance.shell import own_path
from accord.web.pages.signing_in import come_in
from accord.web.pages.visiting import Visitor
from accord.web.people import accounts, sessions
from accord.web.people.sessions import Session

SKIPPED = "skipped"  # where the tour of a session stands that wants none


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Behind whose desk, and where to."""

    name: str
    next: str = "/"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the tour is wanted."""

    verb: str
    next: str = "/"


@get("/demo", include_in_schema=False, opt={"operation": "demo.enter"})
async def roles_page() -> Template:
    """Who there is to be."""
    return Template(template_name="demo.html", context={"offered": [one for one in PEOPLE if one.does]})


@post("/demo/role", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True,
      opt={"operation": "demo.enter"})  # fmt: skip
def become(state: State, request: Visitor, data: URLEncodedBody[Chosen]) -> Redirect:
    """Be somebody of the company."""
    db: Database = state["db"]
    if data.name not in {one.name for one in PEOPLE}:
        raise NotFound("There is nobody of this name at Halden Pumps. /demo shows who there is.")
    before: Session | None = request.state.session
    come_in(db, request, accounts.find(db, data.name), place=before.place if before is not None else "")
    return Redirect(own_path(data.next), status_code=303)


@post("/demo/tour", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True,
      opt={"operation": "demo.tour"})  # fmt: skip
def wish(state: State, request: Visitor, data: URLEncodedBody[Wish]) -> Redirect:
    """Skip the tour, or have it back."""
    session: Session | None = request.state.session
    if session is not None:
        sessions.keep_place(state["db"], session, SKIPPED if data.verb == "skip" else "")
    return Redirect(own_path(data.next), status_code=303)


def shown(db: Database, session: Session | None) -> Mapping[str, object]:
    """What every page of the demo shows: who one may be, and the tour where it is wanted."""
    found: dict[str, object] = {"people": PEOPLE, "is_skipped": False, "steps": [], "now": None}
    if session is None:
        return found
    found["is_skipped"] = session.place == SKIPPED
    today = service.today(db)
    if session.place == SKIPPED or today is None:
        return found
    steps = tour.steps(db, today)
    now = next((step for step in steps if not step.is_done), None)
    return {
        **found,
        "steps": steps,
        "now": now,
        "number": steps.index(now) + 1 if now is not None else len(steps),
    }


EXTRAS = Extras(pages=[roles_page, become, wish], front="/demo", shown=shown)
