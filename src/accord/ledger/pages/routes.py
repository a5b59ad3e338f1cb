"""Which pages does this part have?

The list of supply, an item at a site, and behind every number the list that adds up to it. All of them only read.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from litestar import get
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from accord.db.engine import Database
from accord.kit.days import Day, day_of
from accord.kit.errors import InputError
from accord.kit.likeness import alike
from accord.ledger import service
from accord.ledger.pages import links
from accord.ledger.pages.capacity import PAGES as CAPACITY_PAGES
from accord.ledger.pages.curve import WEEKS
from accord.ledger.pages.listed import ROWS, listed
from accord.ledger.pages.node import node
from accord.ledger.pages.rows import listing, page

Words = Annotated[str, QueryParameter(name="q", max_length=200)]
Name = Annotated[str, QueryParameter(max_length=200)]


@get("/supply", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def supply_page(state: State, q: Words = "", after: FromQuery[str | None] = None) -> Template:
    """Every item at every site, the tightest first."""
    db: Database = state["db"]
    q = " ".join(q.split())
    found = service.nodes(db, words=q, after=after, limit=ROWS)
    return Template(template_name="supply.html", context=listed(found, q=q, after=after))


@get("/supply/{id:str}", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def node_page(
    id: FromPath[str], state: State, item: Name = "", site: Name = "", weeks: FromQuery[int] = WEEKS[0]
) -> Template | Redirect:
    """One item at one site; without a site the sites where it is, or the one where it is."""
    db: Database = state["db"]
    wanted = item or id
    if not site:
        found = service.nodes(db, item=wanted, limit=ROWS)
        if len(found.rows) == 1:
            return Redirect(links.node(wanted, found.rows[0].site), status_code=303)
        if found.rows:
            return Template(template_name="supply.html", context=listed(found, q="", after=None, item=wanted))
        return _nowhere(found, wanted)
    if weeks not in WEEKS:
        raise InputError.at("weeks", "unknown_span", f"The chart shows {WEEKS[0]} or {WEEKS[1]} weeks.")
    sheet = service.node_sheet(db, wanted, site)
    if wanted not in sheet.graph.items or site not in sheet.graph.sites:
        return _unknown(sheet, wanted, site)
    return Template(template_name="supply_node.html", context=node(sheet, weeks))


@get("/supply/{id:str}/rows", opt={"operation": "supply.read"}, include_in_schema=False, sync_to_thread=True)
def rows_page(
    id: FromPath[str],
    state: State,
    kind: Name,
    site: Name,
    item: Name = "",
    share: Name = "",
    supply: Name = "",
    since: Name = "",
    until: Name = "",
) -> Template:
    """The list that adds up to a number."""
    sheet = service.node_sheet(state["db"], item or id, site)
    if sheet.item not in sheet.graph.items or sheet.site not in sheet.graph.sites:
        return _unknown(sheet, sheet.item, sheet.site)
    found = listing(
        sheet, kind=kind, since=_day(since, "since"), until=_day(until, "until"), share=share, supply=supply
    )
    return Template(template_name="supply_rows.html", context=page(sheet, found))


PAGES = [supply_page, node_page, rows_page, *CAPACITY_PAGES]


def _day(text: str, pointer: str) -> Day | None:
    return day_of(text, pointer=pointer) if text else None


def _nowhere(found: service.NodeList, item: str) -> Template:
    """An item that is known and nowhere, or not known at all."""
    if item in found.graph.items:
        context = {"item": item, "is_known": True, "matches": []}
        return Template(template_name="supply_unknown.html", context=context)
    return _not_found(
        "item",
        item,
        [(one.id, one.name, links.node(one.id)) for one in alike(item, found.graph.items.values())],
    )


def _unknown(sheet: service.NodeSheet, item: str, site: str) -> Template:
    graph = sheet.graph
    if item not in graph.items:
        near = [(one.id, one.name, links.node(one.id)) for one in alike(item, graph.items.values())]
        return _not_found("item", item, near)
    near = [(one.id, one.name, links.node(item, one.id)) for one in alike(site, graph.sites.values())]
    return _not_found("site", site, near)


def _not_found(noun: str, name: str, near: list[tuple[str, str, str]]) -> Template:
    context = {
        "item": name,
        "noun": noun,
        "is_known": False,
        "matches": [{"id": id, "name": said if said != id else "", "href": href} for id, said, href in near],
    }
    return Template(template_name="supply_unknown.html", context=context, status_code=HTTPStatus.NOT_FOUND)
