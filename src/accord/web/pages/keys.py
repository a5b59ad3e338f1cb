"""Which programs may sign in, and how does an administrator make and end their keys?"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.errors import AccordError, Conflict, InputError
from accord.ledger.said import moment
from accord.web.pages.visiting import Visitor
from accord.web.people import keys

_READ, _STATE = {"operation": "keys.read"}, {"operation": "keys.state"}
_TONES = {"good": "good", "expired": "none", "revoked": "none"}

# What each scope lets a program do, for whoever chooses.
SCOPES = (
    ("ask", "ask and read"),
    ("promise", "hold, commit, amend and cancel"),
    ("supply", "tell supply news and deliveries"),
    ("admin", "everything that a program may"),
)
DAYS = (("90", "90 days"), ("365", "a year"), ("30", "30 days"), ("", "until it is revoked"))


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be made."""

    name: str = ""
    scopes: tuple[str, ...] | str = ()
    days: str = "90"

    @property
    def chosen(self) -> tuple[str, ...]:
        """The scopes; a form with one of them sends it alone."""
        return (self.scopes,) if isinstance(self.scopes, str) else self.scopes


@get("/keys", include_in_schema=False, sync_to_thread=True, opt=_READ)
def keys_page(state: State) -> Template:
    """Every key there is or was; what they are is not kept."""
    return _page(state["db"], NewKey())


@post("/keys", include_in_schema=False, status_code=HTTPStatus.OK, sync_to_thread=True, opt=_STATE)
def make(state: State, request: Visitor, data: URLEncodedBody[NewKey]) -> Template:
    """Make a key and show it, once."""
    db: Database = state["db"]
    try:
        if data.days not in dict(DAYS):
            raise InputError.at("days", "not_offered", "Choose one of the spans that are offered.")
        days = int(data.days) if data.days else None
        made = keys.add(db, data.name, data.chosen, days=days, by=request.state.actor)
    except (InputError, Conflict) as error:
        return _page(db, data, error=error)
    until = moment(made.expires_at) if made.expires_at is not None else ""
    return Template(template_name="key_made.html", context={"key": made, "until": until})


@post(
    "/keys/{key:str}/revoke",
    include_in_schema=False,
    status_code=HTTPStatus.OK,
    sync_to_thread=True,
    opt=_STATE,
)
def revoke(key: FromPath[str], state: State, request: Visitor) -> Redirect:
    """End a key."""
    keys.revoke(state["db"], key, by=request.state.actor)
    return Redirect("/keys", status_code=303)


PAGES = [keys_page, make, revoke]


def _page(db: Database, data: NewKey, *, error: AccordError | None = None) -> Template:
    found = sorted(keys.listed(db), key=lambda one: (one.state != "good", -one.created_at))
    rows = [
        {
            "key": one,
            "tone": _TONES[one.state],
            "made": moment(one.created_at),
            "until": moment(one.expires_at) if one.expires_at is not None else "revoked",
        }
        for one in found
    ]
    wrong = {} if error is None else {error.errors[0].pointer if error.errors else "name": error.detail}
    context = {
        "rows": rows,
        "good": sum(one.state == "good" for one in found),
        "data": data,
        "scopes": SCOPES,
        "days": DAYS,
        "wrong": wrong,
    }
    status = HTTPStatus.OK if error is None else error.status
    return Template(template_name="keys.html", context=context, status_code=status)
