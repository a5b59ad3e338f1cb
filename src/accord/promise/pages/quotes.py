"""Which prices were quoted, and do they still hold?"""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import get
from litestar.datastructures import State
from litestar.params import FromQuery
from litestar.response import Template

from accord.db.engine import Database
from accord.promise import said, service
from accord.promise.model import Line
from accord.promise.pages.reading import line_of
from accord.promise.pages.shown import Shown, moment
from accord.promise.pages.submitting import Visitor, doors_of
from accord.promise.service import Quote

ROWS = 50


@get("/quotes", opt={"operation": "promise.read"}, include_in_schema=False, sync_to_thread=True)
def quotes_page(
    state: State, request: Visitor, after: FromQuery[str | None] = None, made: FromQuery[str] = ""
) -> Template:
    """Quotes, the latest first."""
    db: Database = state["db"]
    found, following = service.quotes(
        db, after=after, limit=ROWS, actors=doors_of(request).actors("promise.read")
    )
    shown = Shown.read(db)
    context = {
        "rows": [_row(one, shown) for one in found],
        "made": made if any(one.decision.id == made for one in found) else "",
        "following": f"/quotes?{urlencode({'after': following})}" if following else "",
        "is_later": after is not None,
    }
    return Template(template_name="quotes.html", context=context)


PAGES = [quotes_page]


def _row(quote: Quote, shown: Shown) -> dict[str, object]:
    decision = quote.decision
    option = decision.options[decision.chosen or 0]
    customer = shown.customer(decision.request.customer)
    return {
        "id": decision.id,
        "customer": customer,
        "actor": quote.actor,
        "given": moment(decision.now, shown.names.today),
        "is_valid": quote.is_valid,
        "until": moment(decision.price_until, shown.names.today) if decision.price_until else "",
        "price": shown.money(option.price_minor),
        "lines": [
            {
                "quantity": shown.quantity(line.quantity, line.item),
                "item": line.item,
                "name": shown.name_of(line.item),
                "on": said.day(line.requested_on, shown.names.today),
                "price": shown.money(_price(decision.prices, place, line)),
            }
            for place, line in enumerate(decision.asked)
        ],
        "again": "/?" + urlencode({"q": _words(quote, shown), "quote": decision.id}),
    }


def _price(prices: tuple[int | None, ...], place: int, line: Line) -> int | None:
    """What was quoted for one: as asked, or as listed then."""
    return prices[place] if place < len(prices) else line.price_minor


def _words(quote: Quote, shown: Shown) -> str:
    """The quote as one would type it, at its prices; a day that is over is left out."""
    decision = quote.decision
    customer = shown.customer(decision.request.customer)
    return "\n".join(
        line_of(line, _price(decision.prices, place, line), customer if place == 0 else "", shown)
        for place, line in enumerate(decision.asked)
    )
