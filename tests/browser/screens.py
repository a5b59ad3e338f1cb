"""Which screens are there, in which states, and how does one come to each?

One list for the tests that visit every screen and for the pictures that `make screenshots` takes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from playwright.sync_api import Page

from accord.demo import story
from accord.demo.company import HOME
from accord.kit.days import iso

WIDTHS = (320, 390, 768, 1024, 1440, 2560)
THEMES = ("light", "dark")

Way = Callable[[Page], None]


@dataclass(frozen=True)
class Screen:
    """A screen in a state, and the way to it from anywhere on the server."""

    id: str
    way: Way
    role: str = "sales manager"  # who looks at it, on a server with people


def _at(path: str) -> Way:
    def way(page: Page) -> None:
        page.goto(path)

    return way


def _first(path: str, links: str) -> Way:
    """The first of a list, opened."""

    def way(page: Page) -> None:
        page.goto(path)
        href = page.locator(f'main a[href^="{links}"]').first.get_attribute("href")
        assert href is not None
        page.goto(href)

    return way


def story_line(price: str = "18.50") -> str:
    """What the seller of the demo's story asks for, on the day the demo is of."""
    today = datetime.now(ZoneInfo(HOME)).toordinal()
    return (
        f"{story.QUANTITY} {story.ITEM} by {iso(story.dates(today).asked_on)} for {story.CUSTOMER} at {price}"
    )


def _asked(words: str = "") -> Way:
    def way(page: Page) -> None:
        line = words or story_line()
        page.goto("/")
        page.fill("#q", line)
        page.press("#q", "Enter")
        page.wait_for_url("**/*q=*")
        page.locator("#verdict, #problem").first.wait_for()

    return way


def _previewed(page: Page) -> None:
    _asked()(page)
    page.locator('[data-key="h"]').first.click()
    page.wait_for_url("**/preview*")


def _changing(quantity: str) -> Way:
    """The rights as a form, its first row open; checked, where something was put in."""

    def way(page: Page) -> None:
        page.goto("/rights/change")
        page.locator(".editing summary").first.click()
        if quantity:
            page.fill("#right-0-quantity_max", quantity)
            page.locator('button[value="check"]').first.click()
            page.locator("#tried .figures-tried, [aria-invalid]").first.wait_for()

    return way


def _previewed_approval(page: Page) -> None:
    _asked(story_line("15.90"))(page)
    page.locator('[data-key="c"]:visible').first.click()
    page.wait_for_url("**/preview*")


def _lines() -> str:
    """Three things for one customer by one day, as one would type them."""
    head = story_line().partition(" by ")[2].partition(" at ")[0]
    return f"by {head}\n{story.QUANTITY} {story.ITEM} at 18.50\n20 {story.SUBSTITUTE}\n40 X-200"


SCREENS = (
    Screen("ask", _at("/")),
    Screen("ask-answered", _asked()),
    Screen("ask-not-understood", _asked("500 X-1OO for Nrthwnd")),
    Screen("ask-preview", _previewed),
    Screen("ask-fields", _at(f"/?view=fields&q={quote(story_line())}")),
    Screen("ask-lines", _at(f"/?view=lines&q={quote(_lines())}")),
    Screen("ask-lines-mend", _at(f"/?view=lines&q={quote(_lines() + chr(10) + '7 X-1OO')}")),
    Screen("ask-approval", _asked(story_line("15.90"))),
    Screen("ask-approval-preview", _previewed_approval),
    Screen("ask-cannot", _asked(f"9000000 {story.ITEM} by friday for {story.CUSTOMER}")),
    Screen("quotes", _at("/quotes")),
    Screen("promises", _at("/promises")),
    Screen("promises-empty", _at("/promises?q=no-such-order")),
    Screen("promise", _first("/promises", "/promises/prm_")),
    Screen("approvals", _at("/approvals")),
    Screen("supply", _at("/supply")),
    Screen("supply-none", _at("/supply?q=no-such-item")),
    Screen("supply-item", _at("/supply/X-200")),
    Screen("supply-node", _at(f"/supply/{story.ITEM}?site=Halden")),
    Screen("supply-node-far", _at("/supply/X-200?site=Lyon&weeks=26")),
    Screen("supply-rows", _at(f"/supply/{story.ITEM}/rows?site=Halden&kind=left")),
    Screen("supply-resources", _at("/supply/resources")),
    Screen("supply-resource", _at("/supply/resource?id=HAL-A1")),
    Screen("supply-shares", _at("/supply/shares")),
    Screen("supply-unknown", _at("/supply/X-10")),
    Screen("rights", _at("/rights")),
    Screen(
        "rights-why",
        _at("/rights?role=seller&tier=A&quantity=500&value=7950&margin=12.9&below_floor=yes#why"),
    ),
    Screen("rights-change", _changing("")),
    Screen("rights-not-usable", _changing("many")),
    Screen("rights-check", _changing("400")),
    Screen("rights-file", _at("/rights/change?as=text")),
    Screen("rights-edition", _first("/rights", "/rights/editions/")),
    Screen("rights-compare", _at("/rights/compare")),
    Screen("audit", _at("/audit"), role="executive"),
    Screen("audit-verified", _at("/audit/verify"), role="executive"),
    Screen("audit-entry", _first("/audit", "/audit/"), role="executive"),
    Screen("design", _at("/design")),
    Screen("problems", _at("/problems")),
    Screen("problem", _first("/problems", "/problems/")),
    Screen("not-found", _at("/promises/prm_none")),
)
