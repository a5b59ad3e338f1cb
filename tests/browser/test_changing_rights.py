"""The rights are changed by the keyboard alone, and each step begins where a page begins."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Watch
from tests.browser.entering import enter


@pytest.fixture
def page(watch: Watch) -> Page:
    page = watch.context.new_page()
    enter(page, "sales manager")
    return page


def settled(page: Page) -> int:
    """How far the page is scrolled once it has come to rest."""
    page.wait_for_timeout(300)
    return round(page.evaluate("scrollY"))


def test_the_rights_are_changed_by_the_keyboard_alone(page: Page) -> None:
    press = page.keyboard.press
    page.goto("/")
    press("Escape")  # out of the line that has the focus
    press("g")
    press("t")
    expect(page.locator("h1")).to_have_text("Rights")
    page.get_by_role("link", name="Change", exact=True).focus()
    press("Enter")
    expect(page.locator("h1")).to_have_text("Change the rights")
    page.locator(".editing summary").first.focus()
    press("Enter")
    press("Tab")
    press("Tab")
    press("Tab")
    press("Tab")
    expect(page.locator("#right-0-id")).not_to_be_focused()
    page.locator("#right-0-margin").focus()
    press("Control+a")
    page.keyboard.type("15")
    page.locator("button[value=down-right-0]").focus()
    press("Enter")
    # The row moved, what was typed with it, and the focus stays on the button that moves it.
    expect(page.locator("button[value=down-right-1]")).to_be_focused()
    expect(page.locator("#right-1-margin")).to_have_value("15")
    press("Shift+Tab")
    press("Enter")
    expect(page.locator("button[value=down-right-0], button[value=up-right-0]").first).to_be_visible()
    expect(page.locator("#right-0-margin")).to_have_value("15")
    page.locator("button[value=check]").first.focus()
    press("Enter")
    expect(page.locator("h1")).to_have_text("Look before you state it")
    expect(page.locator(".changes")).to_contain_text("margin at least")
    expect(page.locator(".figures-tried")).to_be_visible()
    assert page.url.partition("?")[0].endswith("/rights/change")  # the trial is no place of its own
    page.get_by_role("button", name="State it").focus()
    press("Enter")
    expect(page.locator("h1")).to_have_text("Rights")
    expect(page.locator(".rights").first).to_contain_text("margin 15 % or more")


def test_a_step_begins_at_the_top_and_a_row_that_is_added_stays_in_sight(page: Page) -> None:
    page.goto("/rights/change")
    page.locator("button[value=add-case]").scroll_into_view_if_needed()
    page.locator("button[value=add-case]").click()
    expect(page.locator("[id^=case-][id$=-name]").last).to_be_focused()
    assert page.evaluate("scrollY") > 300

    page.locator("button[value=remove-case-4]").click()
    expect(page.locator("button[value=add-case]")).to_be_focused()
    page.locator("button[value=check]").last.click()
    expect(page.locator("h1")).to_have_text("Look before you state it")
    assert settled(page) == 0

    page.evaluate("window.scrollTo(0, 900)")
    page.get_by_role("link", name="Leave it").click()
    expect(page.locator("h1")).to_have_text("Rights")
    assert settled(page) == 0
