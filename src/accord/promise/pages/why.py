"""What does an answer rest on: the supply around it as a drawing and a table, and each row of what covers it?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from markupsafe import Markup

from accord.db.engine import Database
from accord.kit.days import Day
from accord.kit.errors import NotFound
from accord.ledger import service as ledger
from accord.ledger.model import Supply, SupplyKind, Why, node_key
from accord.ledger.pages import links
from accord.ledger.said import age, short_day
from accord.ledger.service import NodeView
from accord.promise import said
from accord.promise.model import Decision, Option
from accord.promise.pages import chart
from accord.promise.pages.chart import Point, level_on
from accord.promise.pages.shown import Shown

_ROWS_MAX = 24


class Nodes:
    """The nodes that an answer is about, each read once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[tuple[str, str], NodeView | None] = {}

    def of(self, item: str, site: str) -> NodeView | None:
        """One of them; None where there is none."""
        if (item, site) not in self._known:
            try:
                self._known[item, site] = ledger.node(self._db, item, site)
            except NotFound:
                self._known[item, site] = None
        return self._known[item, site]


def drawing(
    decision: Decision, option: Option | None, nodes: Nodes, shown: Shown
) -> dict[str, object] | None:
    """Supply against what is promised at the node that answers a request of one line; None where there is none."""
    if len(decision.asked) != 1 or (option is None and not decision.lines):
        return None
    line = decision.asked[0]
    limit = decision.lines[0].limit if decision.lines else None
    site = option.pieces[0].site if option is not None else _site_of(limit.key) if limit is not None else ""
    view = nodes.of(line.item, site) if site else None
    if view is None:
        return None
    # The day by which it must leave to be there when it is asked for: the step that limits says it, else the first delivery.
    is_here = limit is not None and limit.key == node_key(line.item, site)
    on = limit.on if limit is not None and is_here else _leaves_on(option, view.today)
    supplied, promised = _lines(view)
    brought = _with_brought(supplied, option, node_key(line.item, site), view.today)
    drawn = chart.chart(
        today=view.today, supplied=supplied, promised=promised, asked=(on, line.quantity), brought=brought
    )

    def number(n: int) -> str:
        return shown.quantity(n, line.item)

    relief = ""
    if limit is not None and is_here and limit.until is not None and limit.ref:
        relief = f"{said.source(limit.ref)} arrives {short_day(limit.until)}"
    short = 0
    if drawn.short_on is not None:
        there = level_on(brought or supplied, drawn.short_on)
        short = level_on(promised, drawn.short_on) + line.quantity - there

    def opens(kind: str, day: Day, n: int) -> Markup:
        """A number that opens the list it adds up to."""
        href = links.rows(line.item, site, kind, until=day)
        return Markup('<a href="{}">{}</a>').format(href, number(n))

    days = sorted({on, view.today, *(day for day, _ in (*supplied, *promised, *brought))})
    return {
        "drawn": drawn,
        "where": said.thing(node_key(line.item, site)),
        "href": links.node(line.item, site),
        "asked": f"{number(line.quantity)} on {said.day(on, view.today)}",
        "short": f"{number(short)} short" if short > 0 else "",
        "relief": relief,
        "levels": [{"at": at, "word": number(n)} for at, n in drawn.levels],
        "ticks": [{"at": at, "word": short_day(day)} for at, day in drawn.ticks],
        "rows": [
            [
                said.day(day, view.today),
                opens("supply", day, level_on(supplied, day)),
                *([number(level_on(brought, day) - level_on(supplied, day))] if brought else []),
                opens("taken", day, level_on(promised, day)),
                number(level_on(promised, day) + (line.quantity if day >= on else 0)),
                number(
                    level_on(brought or supplied, day)
                    - level_on(promised, day)
                    - (line.quantity if day >= on else 0)
                ),
            ]
            for day in days[:_ROWS_MAX]
        ],
        "age": _age_of_stock(view.supplies, shown),
    }


def _site_of(key: str) -> str:
    return key.rpartition("@")[2] if key.startswith("node:") else ""


def _leaves_on(option: Option | None, today: Day) -> Day:
    return option.pieces[0].ship_on if option is not None else today


def _lines(view: NodeView) -> tuple[list[Point], list[Point]]:
    """What there will have been in all, and what of it is promised, both day by day. Their difference is the projection."""
    comes: dict[Day, int] = {view.today: 0}
    for supply in view.supplies:
        if supply.counts is Why.counted:
            day = max(supply.on, view.today)
            comes[day] = comes.get(day, 0) + supply.quantity
    days = sorted(comes)
    supplied = list(zip(days, accumulate(comes[day] for day in days), strict=True))
    projected = [(step.on, step.projected) for step in view.steps]
    all_days = sorted({*days, *(day for day, _ in projected)})
    promised = [(day, level_on(supplied, day) - level_on(projected, day)) for day in all_days]
    changes = [
        point for place, point in enumerate(promised) if not place or point[1] != promised[place - 1][1]
    ]
    return supplied, changes


def _with_brought(supplied: list[Point], option: Option | None, key: str, today: Day) -> list[Point]:
    """What there will have been in all, with what an option brings to the node; empty where it brings nothing."""
    comes = (
        [(max(made.on, today), made.quantity) for made in option.makes if made.key == key] if option else []
    )
    if not comes:
        return []
    days = sorted({day for day, _ in (*supplied, *comes)})
    return [(day, level_on(supplied, day) + sum(n for on, n in comes if on <= day)) for day in days]


def evidence(option: Option | None, today: Day, nodes: Nodes, shown: Shown) -> list[dict[str, str]]:
    """What covers an option, row by row: how much, from when on, how sure, how old what we know of it is."""
    rows = []
    for piece in option.pieces if option is not None else ():
        view = nodes.of(piece.item, piece.site)
        known = {
            name: one for one in (view.supplies if view is not None else ()) for name in (one.id, one.ref)
        }
        on_hand = [
            one for one in (view.supplies if view is not None else ()) if one.kind is SupplyKind.on_hand
        ]
        for row in piece.evidence:
            supply = known.get(row.source) if row.source else None
            rows.append(
                {
                    "href": links.node(piece.item, piece.site),
                    "source": said.source(row.source).capitalize()
                    if row.source == "on hand"
                    else said.source(row.source),
                    "site": shown.site(piece.site),
                    "quantity": shown.quantity(row.quantity, piece.item),
                    "item": shown.item(piece.item),
                    "on": "there now" if row.source == "on hand" else said.day(row.on, today),
                    "sure": _sure(row.source, supply, today),
                    "age": _age_of_stock(on_hand, shown) if row.source == "on hand" else "",
                    "note": row.note,
                }
            )
    return rows


def _sure(source: str, supply: Supply | None, today: Day) -> str:
    """How firmly a supply stands, as far as it was told."""
    if source == "on hand":
        return "counted"
    if supply is None:
        return "proposed with this promise"
    if supply.due_on is not None and supply.due_on < supply.on:
        return f"late: was due {said.day(supply.due_on, today)}"
    return "released" if supply.released else "planned, not released"


def _age_of_stock(supplies: Sequence[Supply], shown: Shown) -> str:
    """When the oldest of what is on hand was counted."""
    counted = [one.as_of for one in supplies if one.kind is SupplyKind.on_hand and one.as_of]
    return age(min(counted), shown.now) if counted else ""
