"""Promises by keyboard, several at once, and an approval in two taps on the smallest phone."""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from tests.browser.chromium import Watch
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.entering import enter
from tests.browser.screens import story_line

PHONE = {"width": 320, "height": 568}  # the smallest there is


def test_promises_are_chosen_and_released_by_keyboard_alone(page: Page) -> None:
    enter(page, "supply lead")
    page.goto("/promises?state=held")
    page.locator("main").focus()

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")

    assert page.locator('.several input[name="id"]:checked').count() == 2
    assert page.locator("[data-chosen]").inner_text() == "2 chosen"
    page.locator('.together button[value="release"]').focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/promises/several?*")
    assert page.locator("h1").inner_text() == "Release 2 holds?"
    # What says yes has the focus, and lies on the screen without scrolling.
    assert page.evaluate("document.activeElement.textContent.trim()") == "Release 2"
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/promises/several/done?*")
    assert page.locator("h1").inner_text() == "Both are released."


def test_the_rows_are_copied_as_a_spreadsheet_takes_them(page: Page) -> None:
    enter(page, "sales manager")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/promises?sort=value")

    page.locator("[data-copies]").click()
    page.locator("text=Copied 50").wait_for()

    rows = [row.split("\t") for row in page.evaluate("navigator.clipboard.readText()").split("\n")]
    assert len(rows) == 51
    assert rows[0][:4] == ["State", "Customer", "What", "Requested"]
    assert {len(row) for row in rows} == {9}


def test_an_approval_takes_two_taps_on_the_smallest_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, viewport=PHONE, has_touch=True, locale="en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    watch = Watch(context, address)
    page = context.new_page()
    enter(page, "seller")
    page.goto(f"/?q={story_line('15.90')}")
    page.locator('[data-key="c"]:visible').first.click()
    page.wait_for_url("**/preview*")
    page.locator("main form button.primary").first.click()
    page.locator("text=/Asked|Waits/").first.wait_for()

    enter(page, "sales manager")
    page.goto("/approvals")
    page.locator(".worklist a[data-row]").first.tap()
    page.wait_for_url("**/approvals/apr_*")
    button = page.locator('button[value="approve"]')
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= PHONE["height"]  # on the screen before anything is scrolled
    assert page.evaluate("scrollY") == 0
    assert page.evaluate(
        """(one) => { const box = one.getBoundingClientRect();
            return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === one; }""",
        button.element_handle(),
    )
    # Enter in the reason decides nothing.
    page.locator("#note").press("Enter")
    page.wait_for_timeout(200)
    assert page.locator('button[value="approve"]').is_visible()
    button.tap()
    page.locator("text=Approved: ").first.wait_for()

    assert watch.end() == []
    context.close()
