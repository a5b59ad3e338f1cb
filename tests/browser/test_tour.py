"""The story of the demo is walked by the tour's own buttons and the keyboard, and its steps follow the ledger."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def at_step(page: Page, words: str) -> None:
    expect(page.locator(".tour-count")).to_have_text(words)


def go(page: Page) -> None:
    """The step's own button: to its screen, at its desk."""
    page.locator(".tour-acts a, .tour-acts form[action^='/demo/role'] button").first.click()
    page.wait_for_url(lambda url: "q=" in url or "/approvals/" in url)


def test_the_tour_leads_from_the_first_desk_to_an_approval(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Enter")  # the first desk has the focus
    at_step(page, "Tour, 1 of 4")

    go(page)
    page.locator("#verdict").wait_for()
    page.keyboard.press("h")
    page.wait_for_url("**/preview*")
    at_step(page, "Tour, 1 of 4")  # a preview is no hold
    page.locator("main button.primary").press("Enter")
    page.wait_for_url("**/promises/prm_*")
    at_step(page, "Tour, 2 of 4")

    go(page)
    expect(page.locator(".my-name")).to_have_text("Bruno Faure")
    page.locator("#verdict").wait_for()
    page.keyboard.press("h")
    page.wait_for_url("**/preview*")
    page.locator("main button.primary").press("Enter")
    page.wait_for_url("**/promises/prm_*")
    at_step(page, "Tour, 3 of 4")

    go(page)
    expect(page.locator(".my-name")).to_have_text("Anna Lund")
    page.locator("#verdict").wait_for()
    page.keyboard.press("c")
    page.wait_for_url("**/preview*")
    page.locator("main button.primary").press("Enter")
    page.wait_for_url("**/approvals/apr_*")
    at_step(page, "Tour, 4 of 4")

    go(page)
    expect(page.locator(".my-name")).to_have_text("Mia Berg")
    page.locator('button[value="approve"]').first.click()
    at_step(page, "Tour, done")


def test_the_menu_under_ones_name_closes_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/demo")
    page.locator('.desks button[value="Anna Lund"]').click()
    summary = page.locator(".me summary")
    summary.press("Enter")
    expect(page.locator(".my-menu")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.locator(".my-menu")).to_be_hidden()
    expect(summary).to_be_focused()
