"""How do systems read what there is?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from litestar import get
from litestar.datastructures import State
from litestar.params import FromQuery, QueryParameter

from accord.db.engine import Database
from accord.kit.days import instant_iso, iso
from accord.kit.quantity import format_quantity
from accord.ledger import service
from accord.ledger.model import Item, Record, Site

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str | None, QueryParameter(name="after", max_length=500, description="The `next` of the page before.")
]

_R = TypeVar("_R", bound=Record)


class ItemOut(msgspec.Struct, frozen=True, kw_only=True):
    """An item as systems read it."""

    id: str
    name: str
    unit: str
    base_units: int  # in one stated unit


class SiteOut(msgspec.Struct, frozen=True, kw_only=True):
    """A site as systems read it."""

    id: str
    name: str
    zone: str


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some items, by id."""

    items: list[ItemOut]
    next: str | None


class SitePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some sites, by id."""

    items: list[SiteOut]
    next: str | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A day from which something else can be promised."""

    on: str
    projected: str  # supply minus what is promised, up to the end of this day
    available: str  # what can still be promised for this day without breaking a later promise


class AtpOut(msgspec.Struct, frozen=True, kw_only=True):
    """What can still be promised at a node, as steps: each holds until the next."""

    item: str
    site: str
    unit: str
    today: str
    as_of: str
    version: int
    steps: list[Step]


@get(
    "/items",
    opt={"operation": "master.read"},
    tags=["master data"],
    operation_id="items",
    sync_to_thread=True,
)
def items(state: State, after: After = None, limit: Limit = 100) -> ItemPage:
    """The items there are, by id."""
    found, following = _page(_graph(state["db"]).items, after, limit)
    shown = [ItemOut(id=one.id, name=one.name, unit=one.unit, base_units=one.scale) for one in found]
    return ItemPage(items=shown, next=following)


@get(
    "/sites",
    opt={"operation": "master.read"},
    tags=["master data"],
    operation_id="sites",
    sync_to_thread=True,
)
def sites(state: State, after: After = None, limit: Limit = 100) -> SitePage:
    """The sites there are, by id."""
    found, following = _page(_graph(state["db"]).sites, after, limit)
    return SitePage(items=[SiteOut(id=one.id, name=one.name, zone=one.zone) for one in found], next=following)


@get("/atp", opt={"operation": "supply.read"}, tags=["supply"], operation_id="atp", sync_to_thread=True)
def atp(state: State, item: FromQuery[str], site: FromQuery[str]) -> AtpOut:
    """What can still be promised of an item at a site, for every future day."""
    db: Database = state["db"]
    known = _graph(db).items.get(item)
    view = service.node(db, item, site)
    scale, unit = (known.scale, known.unit) if known is not None else (1, "piece")
    return AtpOut(
        item=view.item,
        site=view.site,
        unit=unit,
        today=iso(view.today),
        as_of=instant_iso(view.as_of),
        version=view.version,
        steps=[
            Step(
                on=iso(step.on),
                projected=format_quantity(step.projected, scale),
                available=format_quantity(step.available, scale),
            )
            for step in view.steps
        ],
    )


ROUTES = [items, sites, atp]


class _Masters(msgspec.Struct, frozen=True):
    items: Mapping[str, Item]
    sites: Mapping[str, Site]


def _graph(db: Database) -> _Masters:
    with db.read() as tx:
        graph = service.graph(tx)
    return _Masters(graph.items, graph.sites)


def _page(records: Mapping[str, _R], after: str | None, limit: int) -> tuple[list[_R], str | None]:
    """Records by id, after the one that ended the page before: stable under inserts."""
    ids = sorted(records)
    start = bisect_right(ids, after) if after is not None else 0
    shown = ids[start : start + limit]
    return [records[id] for id in shown], shown[-1] if start + limit < len(ids) else None
