"""Where does somebody look through promises, and do something with several of them at once?"""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from accord.db.engine import Database
from accord.promise.pages.listed import listed
from accord.promise.pages.submitting import Visitor, doors_of


@get("/promises", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def promises_page(
    state: State,
    request: Visitor,
    q: Annotated[str, QueryParameter(name="q", max_length=400)] = "",
    shows: Annotated[str, QueryParameter(name="state", max_length=40)] = "",
    after: FromQuery[str | None] = None,
) -> Template:
    """Promises, the latest first; narrowed by state, and by a customer, an item or an order number in plain words."""
    db: Database = state["db"]
    actors = doors_of(request).actors("promise.read")
    context = listed(db, q=q.strip(), state=shows, after=after, actors=actors)
    return Template(template_name="promises.html", context=context)


PAGES = [promises_page]
