"""In a real browser: whatever stands in a name, a note or a number, nothing of it runs, and the policy has nothing to report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from accord.db.engine import open_database
from accord.db.migrations import upgrade
from tests.browser import chromium
from tests.browser.chromium import Watch
from tests.web import hostile
from tests.web.hostile import Suspicious, Words

pytestmark = pytest.mark.slow

PLACES = ("/", "/promises", "/approvals", "/supply", "/supply/resources", "/rights", "/rights/change", "/imports", "/audit",
          "/account", "/people", "/keys", "/notifications", "/design")  # fmt: skip
PAGES_MAX = 60
# Whatever a payload calls is heard.
_HEARS = 'window.hit = () => console.error("HIT: something stored was run")'


@pytest.fixture(scope="module")
def hostile_company(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    if chromium.found() is None:
        pytest.skip(chromium.ABSENT)
    file = tmp_path_factory.mktemp("hostile") / "company.db"
    db = open_database(f"sqlite:///{file}")
    upgrade(db)
    token = hostile.tell(db, Words(0))
    db.close()
    return file, token


@pytest.fixture
def signed_in(browser: Browser, hostile_company: tuple[Path, str]) -> Iterator[tuple[Page, Watch]]:
    file, token = hostile_company
    with chromium.served(file, command="serve") as address:
        port = address.rstrip("/").rpartition(":")[2]
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(20_000)
        context.add_cookies([{"name": f"accord_{port}", "value": token, "url": address}])
        context.add_init_script(_HEARS)
        watch = Watch(context, address)
        watch.expect(r"status of (4\d\d|503)")
        yield context.new_page(), watch
        context.close()


def _visited(page: Page) -> Iterator[str]:
    """Pages one by one: every place, and of what they link to one of each kind."""
    waiting, kinds, seen = list(PLACES), set[str](), 0
    while waiting and seen < PAGES_MAX:
        address = waiting.pop(0)
        kind = re.sub(
            r"[a-z]{3}_[0-9a-z-]{20,}|qx\d\dq[^/?&]*|\d+$|(?<=/problems/)\w+", "*", address.partition("?")[0]
        )
        if (
            kind in kinds
            or address.startswith(("/static/", "/v1/", "/sign-out"))
            or ".csv" in address
            or "export" in address
        ):
            continue
        kinds.add(kind)
        seen += 1
        try:
            page.goto(address)
        except Error as error:
            if "Download is starting" not in error.message:  # a file, not a page
                raise
            continue
        yield address
        waiting += sorted(one for one in Suspicious(page.content()).links if one.startswith(("/", "?")))


def test_nothing_that_is_stored_runs(signed_in: tuple[Page, Watch]) -> None:
    page, watch = signed_in
    places = 0
    for _address in _visited(page):
        places += 1
        # What runs only when it is pointed at, reached or pressed.
        page.evaluate(
            """() => document.querySelectorAll("main *").forEach((one) => {
              for (const kind of ["mouseover", "focus", "animationstart"]) one.dispatchEvent(new Event(kind, {bubbles: true}));
            })"""
        )
        assert (
            page.evaluate("document.querySelectorAll('main img, main iframe, xss, main script').length") == 0
        )
        watch.wrong += [f"policy: {one}" for one in page.evaluate("window.__reports ?? []")]
    assert watch.end() == []
    assert places >= 25


def test_what_would_run_is_noticed(signed_in: tuple[Page, Watch]) -> None:
    """The same page with a payload taken for markup: the policy keeps it from running, and reports it."""
    page, watch = signed_in
    page.route("**/promises", lambda route: _unescaped(route))
    page.goto("/promises")

    watch.wrong += [f"policy: {one}" for one in page.evaluate("window.__reports ?? []")]

    assert any("policy: script-src" in one for one in watch.end())
    assert not any("HIT" in one for one in watch.wrong)


def _unescaped(route: object) -> None:
    response = route.fetch()  # type: ignore[attr-defined]
    body = response.text().replace("</main>", "<script>hit()</script><img src=x onerror=hit()></main>")
    route.fulfill(response=response, body=body)  # type: ignore[attr-defined]
