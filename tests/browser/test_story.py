"""The story of the demo, told in a real browser from its first screen on, the tour saying what comes next."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from accord.db.engine import open_database
from accord.demo.people import ANNA, BRUNO, MIA
from tests.browser import chromium
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.entering import sit
from tests.browser.screens import story_line


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """The smallest phone there is."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 320, "height": 568},
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
    )
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


def test_the_tour_leads_through_the_story_and_is_checked_off_by_what_happened(
    page: Page, phone: BrowserContext
) -> None:
    page.goto("/")
    page.wait_for_url("**/demo")
    page.keyboard.press("Enter")  # the first desk has the focus
    page.wait_for_url(re.compile(r"/$"))
    tour = page.locator(".tour")
    expect(tour).to_contain_text("1 of 4")
    expect(page.locator(".top")).to_contain_text(ANNA)

    # The seller asks, and holds the first way.
    tour.get_by_text("Ask for Northwind").click()
    expect(page.locator("#verdict")).to_have_text(re.compile("Yes, but"))
    expect(page.locator(".option").first).to_contain_text("420")
    expect(page.locator(".option").first).to_contain_text("80")
    page.locator('[data-key="h"]:visible').first.click()
    page.wait_for_url("**/preview*")
    page.get_by_role("button", name=re.compile("^Hold")).click()
    page.wait_for_url("**/promises/prm_*")
    expect(page.locator("main")).to_contain_text("Held")
    expect(tour).to_contain_text("2 of 4")

    # Another one wants the same a moment later: they are kept.
    tour.get_by_text(f"Ask as {BRUNO}").click()
    expect(page.locator(".top")).to_contain_text(BRUNO)
    expect(page.locator("#verdict")).not_to_have_text(re.compile(r"^\s*Yes\s*$"))
    page.locator('[data-key="h"]').first.click()
    page.wait_for_url("**/preview*")
    page.get_by_role("button", name=re.compile("^Hold")).click()
    page.wait_for_url("**/promises/prm_*")
    expect(tour).to_contain_text("3 of 4")

    # Below the floor the seller cannot promise, and asks who can.
    tour.get_by_text("Ask at the lower price").click()
    expect(page.locator("#verdict")).to_have_text(re.compile("Needs approval"))
    expect(page.get_by_role("button", name=re.compile("^Commit"))).to_have_count(0)
    page.get_by_role("button", name=re.compile("Ask for approval|Ask approval")).first.click()
    page.wait_for_url("**/preview*")
    page.locator("form.confirming button").first.click()
    expect(tour).to_contain_text("4 of 4")

    # The manager decides on a phone, in two taps.
    handy = phone.new_page()
    sit(handy, MIA)
    handy.goto("/approvals")
    handy.locator('main a[href^="/approvals/apr_"], main a[href^="/approvals/"]').first.click()
    approve = handy.get_by_role("button", name=re.compile("^Approve"))
    expect(approve).to_be_in_viewport()
    box = approve.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    approve.tap()  # the first of the two that it may take
    expect(handy.locator("main")).to_contain_text(re.compile("approved", re.IGNORECASE))

    page.reload()
    expect(tour).to_contain_text("That is the story so far")


def test_no_link_approves(page: Page) -> None:
    sit(page, MIA)
    page.goto("/approvals")

    for path in page.eval_on_selector_all(
        "main a[href]", "all => all.map((one) => one.getAttribute('href'))"
    ):
        assert "approve" not in path.removeprefix("/approvals"), path


@pytest.mark.parametrize("is_done", [True, False], ids=["reply lost", "request lost"])
def test_a_server_that_dies_while_one_commits_leaves_one_promise(
    browser: Browser, loaded: Path, tmp_path: Path, is_done: bool
) -> None:
    file = tmp_path / "halden.db"
    shutil.copy(loaded, file)
    process, address = chromium.start(file)
    context = browser.new_context(base_url=address, locale="en-GB")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    try:
        sit(page, ANNA)
        page.goto("/")
        page.fill("#q", story_line().replace("500", "7"))
        page.press("#q", "Enter")
        page.locator("#verdict").wait_for()
        page.locator('[data-key="c"]').first.click()
        page.wait_for_url("**/preview*")
        before = _promises(file)

        def dies(route: Route) -> None:
            if is_done:
                route.fetch(max_redirects=0)  # it came, was decided and is durable
            process.kill()
            chromium.stop(process)
            route.abort("connectionreset")

        page.route(re.compile(r"/promise(\?|$)"), dies)
        page.get_by_role("button", name=re.compile("^Commit")).click()
        expect(page.locator("#offline")).to_be_visible()
        page.unroute(re.compile(r"/promise(\?|$)"))
        assert _promises(file) == before + is_done

        process, _ = chromium.start(file, port=int(address.rpartition(":")[2]))
        page.get_by_role("button", name=re.compile("^Commit")).click()
        page.wait_for_url("**/promises/prm_*")
        assert _promises(file) == before + 1
        expect(page.locator("main")).to_contain_text("Committed")
    finally:
        chromium.stop(process)
        context.close()


def _promises(file: Path) -> int:
    db = open_database(f"sqlite:///{file}", create=False)
    try:
        with db.read() as tx:
            # How many there are, in all.
            return int(tx.rows("SELECT count(*) FROM promise")[0][0])
    finally:
        db.close()
