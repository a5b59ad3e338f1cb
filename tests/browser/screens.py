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
from tests.browser.entering import NOBODY

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


def _raw(page: Page) -> None:
    _first("/promises?state=committed", "/promises/prm_")(page)
    page.goto(page.url.partition("?")[0] + "/raw")


def _amended(page: Page) -> None:
    _first("/promises?state=committed", "/promises/prm_")(page)
    page.goto(page.url.partition("?")[0] + "/amend")


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


def _file_put_in(page: Page) -> None:
    page.goto("/imports")
    page.set_input_files(
        'input[type="file"]', files=[{"name": "orders.csv", "mimeType": "text/csv", "buffer": FILE}]
    )
    page.wait_for_url("**/imports/*/**")  # choosing it puts it in


# Days that can be read in two ways, numbers with decimal commas, an item there is none of.
FILE = "\n".join(
    [
        "item;site;quantity;due",
        "X-100;Halden;40,0;03/04/27",
        "X-1OO;Halden;12,5;05/04/27",
        "X-110;Lyon;7,0;06/04/27",
    ]
).encode()


def _imported(text: str, step: str, name: str = "stock.csv") -> Way:
    """A file put in, and the step that is due."""

    def way(page: Page) -> None:
        page.goto("/imports")
        page.set_input_files("#file", [{"name": name, "mimeType": "text/csv", "buffer": text.encode()}])
        page.wait_for_url(f"**/imports/imp_*/{step}")

    return way


# A file that changes nothing the other screens show; once it is in, its copy says so.
_HARMLESS = ("id,name\nSHOWN-1,Shown in pictures\n", "items.csv")


def _brought_in(page: Page) -> None:
    text, name = _HARMLESS
    page.goto("/imports")
    page.set_input_files("#file", [{"name": name, "mimeType": "text/csv", "buffer": text.encode()}])
    page.wait_for_url("**/imports/imp_**")
    page.locator(".letting .primary, a.primary").first.wait_for()
    page.locator(".letting button.primary, .actions a.primary").first.click()
    page.locator("#made").wait_for()


def _came_in_before(page: Page) -> None:
    _brought_in(page)
    text, name = _HARMLESS
    page.goto("/imports")
    page.set_input_files("#file", [{"name": name, "mimeType": "text/csv", "buffer": text.encode()}])
    page.wait_for_url("**/imports/imp_**")
    page.locator("text=Nothing to do").first.wait_for()


def _undoing(page: Page) -> None:
    _brought_in(page)
    page.goto(page.url.split("#")[0] + "/undo")


_UNKNOWN = f"item,site,quantity\n{story.ITEM},Halden,50\nX-777,Lyon,1\nX-778,Lyon,2\nX-777,Oslo,many\n"


def _several(page: Page) -> None:
    page.goto("/promises?state=held")
    for box in page.locator('.several input[name="id"]').all()[:3]:
        box.check()
    page.locator('.together button[value="release"]').click()
    page.wait_for_url("**/promises/several*")


SCREENS = (
    Screen("demo", _at("/demo"), role=NOBODY),
    Screen("sign-in", _at("/sign-in"), role=NOBODY),
    Screen("ask", _at("/"), role="seller"),
    Screen("ask-answered", _asked(), role="seller"),
    Screen("ask-not-understood", _asked("500 X-1OO for Nrthwnd"), role="seller"),
    Screen("ask-preview", _previewed, role="seller"),
    Screen("ask-fields", _at(f"/?view=fields&q={quote(story_line())}"), role="seller"),
    Screen("ask-lines", _at(f"/?view=lines&q={quote(_lines())}"), role="seller"),
    Screen("ask-lines-mend", _at(f"/?view=lines&q={quote(_lines() + chr(10) + '7 X-1OO')}"), role="seller"),
    Screen("ask-approval", _asked(story_line("15.90")), role="seller"),
    Screen("ask-approval-preview", _previewed_approval, role="seller"),
    Screen("ask-cannot", _asked(f"9000000 {story.ITEM} by friday for {story.CUSTOMER}"), role="seller"),
    Screen("quotes", _at("/quotes"), role="seller"),
    Screen("not-allowed", _at("/people"), role="seller"),
    Screen("promises", _at("/promises")),
    Screen("promises-empty", _at("/promises?q=no-such-order")),
    Screen("promises-not-covered", _at("/promises?view=uncovered&sort=value")),
    Screen("promises-several", _several),
    Screen("promise", _first("/promises?state=committed", "/promises/prm_")),
    Screen("promise-held", _first("/promises?state=held", "/promises/prm_")),
    Screen("promise-raw", _raw),
    Screen("promise-amend", _amended),
    Screen("approvals", _at("/approvals")),
    Screen("approvals-all", _at("/approvals?show=all")),
    Screen("supply", _at("/supply"), role="planner"),
    Screen("supply-none", _at("/supply?q=no-such-item"), role="planner"),
    Screen("supply-item", _at("/supply/X-200"), role="planner"),
    Screen("supply-node", _at(f"/supply/{story.ITEM}?site=Halden"), role="planner"),
    Screen("supply-node-far", _at("/supply/X-200?site=Lyon&weeks=26"), role="planner"),
    Screen("supply-rows", _at(f"/supply/{story.ITEM}/rows?site=Halden&kind=left"), role="planner"),
    Screen("supply-resources", _at("/supply/resources"), role="planner"),
    Screen("supply-resource", _at("/supply/resource?id=HAL-A1"), role="planner"),
    Screen("supply-shares", _at("/supply/shares"), role="planner"),
    Screen("supply-unknown", _at("/supply/X-10"), role="planner"),
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
    Screen("notifications", _at("/notifications")),
    Screen("sources", _at("/sources")),
    Screen("account", _at("/account")),
    Screen("design", _at("/design")),
    Screen("not-found", _at("/promises/prm_none")),
    Screen("imports", _at("/imports"), role="planner"),
    Screen("import-step", _file_put_in, role="planner"),
    Screen("imports-not-allowed", _at("/imports")),
    Screen(
        "import-recognise",
        _imported(
            f"id,item,site,quantity,due_on\nPO-1,{story.ITEM},Halden,80,03/04/30\n",
            "recognise",
            "receipts.csv",
        ),
        role="supply lead",
    ),
    Screen(
        "import-map",
        _imported(f"Article;Store;Stock level;Note 7\n{story.ITEM};Halden;80;a\n", "map", "export.csv"),
        role="supply lead",
    ),
    Screen("import-check", _imported(_UNKNOWN, "check"), role="supply lead"),
    Screen(
        "import-try", _imported(f"item,site,quantity\n{story.ITEM},Halden,0\n", "try"), role="supply lead"
    ),
    Screen("import-done", _brought_in, role="supply lead"),
    Screen("import-before", _came_in_before, role="supply lead"),
    Screen("import-undo", _undoing, role="supply lead"),
    Screen("audit", _at("/audit"), role="executive"),
    Screen("audit-verified", _at("/audit/verify"), role="executive"),
    Screen("audit-entry", _first("/audit", "/audit/"), role="executive"),
    Screen("people", _at("/people"), role="administrator"),
    Screen("person", _first("/people", "/people/usr_"), role="administrator"),
    Screen("person-new", _at("/people/new"), role="administrator"),
    Screen("keys", _at("/keys"), role="administrator"),
    Screen("problems", _at("/problems")),
    Screen("problem", _first("/problems", "/problems/")),
)
