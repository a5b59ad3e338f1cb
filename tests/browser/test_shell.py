"""What stands around every page: the command menu, keys of one's own, practice, the bell, the first frame, other scripts and paper."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIMEOUT_MS
from tests.browser.entering import enter

PATHS = ("/promises", "/approvals", "/notifications", "/sources", "/design")
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def shell(page: Page) -> Page:
    enter(page, "sales manager")
    page.goto("/promises")
    return page


def typed(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.type(words)


# --- the command menu ---


def test_a_promise_is_found_by_its_number_and_opened_by_the_keyboard_alone(shell: Page) -> None:
    number = shell.locator("main [data-row] ~ small, main td small").first.inner_text()
    typed(shell, number)
    shell.locator("#found-1").wait_for()

    shell.keyboard.press("Enter")

    shell.wait_for_url("**/promises/prm_*")
    assert number in shell.locator("h1").inner_text()


def test_esc_goes_back_to_where_one_was(shell: Page) -> None:
    row = shell.locator("main [data-row]").first
    row.focus()
    typed(shell, "appr")

    shell.keyboard.press("Escape")

    expect(shell.locator("#menu")).to_be_hidden()
    expect(row).to_be_focused()


def test_arrows_choose_and_the_choice_is_said_to_those_who_do_not_see_it(shell: Page) -> None:
    typed(shell, "pro")
    line = shell.locator("#menu-line")
    before = line.get_attribute("aria-activedescendant")

    shell.keyboard.press("ArrowDown")
    after = line.get_attribute("aria-activedescendant")
    shell.keyboard.press("ArrowUp")

    assert before != after
    assert line.get_attribute("aria-activedescendant") == before
    assert shell.locator('#menu [aria-selected="true"]').count() == 1
    expect(shell.locator("[data-count]")).to_have_text(re.compile(r"^\d+ found$"))


def test_what_one_looked_at_last_comes_first(shell: Page) -> None:
    shell.locator("main [data-row]").first.click()
    shell.wait_for_url("**/promises/prm_*")
    heading = " ".join(shell.locator("h1").inner_text().split())
    shell.goto("/approvals")

    shell.keyboard.press("Control+k")

    expect(shell.locator("[data-recents] [role=option]").first).to_have_text(heading)
    shell.keyboard.press("Enter")
    shell.wait_for_url("**/promises/prm_*")


def test_the_menu_does_what_the_page_can_do(shell: Page) -> None:
    shell.goto("/design")
    typed(shell, "light dark")

    shell.keyboard.press("Enter")

    assert shell.evaluate("document.documentElement.dataset.theme") == "light"
    shell.keyboard.press("Control+k")
    expect(shell.locator("[data-page] [role=option]").first).to_contain_text("Commit")


# --- keys ---


def test_single_keys_can_be_switched_off_and_stay_off(shell: Page) -> None:
    shell.keyboard.press("?")
    expect(shell.locator("#keys")).to_be_visible()
    shell.locator("[data-single-keys]").uncheck()
    shell.keyboard.press("Escape")
    shell.reload()

    shell.keyboard.press("?")
    shell.keyboard.press("g")
    shell.keyboard.press("a")

    expect(shell.locator("#keys")).to_be_hidden()
    assert shell.url.endswith("/promises")
    shell.locator('[data-opens="keys"]').click()
    expect(shell.locator("[data-single-keys]")).not_to_be_checked()


def test_a_key_can_be_given_to_another_one_that_is_free(shell: Page) -> None:
    def change(of: str, to: str) -> str:
        shell.locator(f'[data-remaps="{of}"]').click()
        shell.keyboard.press(to)
        return shell.locator("[data-remap-says]").inner_text()

    shell.keyboard.press("?")
    taken = change("g a", "j")
    given = (shell.keyboard.press("Escape"), change("g a", "v"))[1]
    shell.keyboard.press("Escape")
    shell.reload()

    shell.keyboard.press("g")
    shell.keyboard.press("a")
    shell.wait_for_timeout(200)
    before = shell.url
    shell.keyboard.press("v")
    shell.wait_for_url("**/approvals")

    assert taken == "j is taken. Press another key, or Esc."
    assert given == "It is v now."
    assert before.endswith("/promises")
    shell.keyboard.press("?")
    expect(shell.locator('#keys kbd[data-keys="g a"]')).to_have_text("v")
    shell.locator("[data-remaps-none]").click()
    expect(shell.locator('#keys kbd[data-keys="g a"]')).to_have_text("g a")


# --- practice ---


def test_practice_is_entered_and_left_and_seen(shell: Page) -> None:
    shell.locator(".world button").click()
    shell.locator(".practice-note").wait_for(timeout=60_000)  # the copy is made

    assert shell.title().startswith("Practice · ")
    expect(shell.locator(".practice-note")).to_be_visible()
    ground = shell.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor")
    shell.locator(".practice-note button", has_text="Back to live").click()
    expect(shell.locator(".practice-note")).to_have_count(0)
    assert not shell.title().startswith("Practice")
    assert shell.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor") != ground


# --- the frame ---


@pytest.mark.parametrize(("system", "chosen"), [("dark", ""), ("light", "dark"), ("dark", "dark")])
def test_no_frame_is_white_in_the_dark(browser: Browser, address: str, system: Any, chosen: str) -> None:
    context = browser.new_context(base_url=address, color_scheme=system)
    context.set_default_timeout(TIMEOUT_MS)
    if chosen:
        context.add_cookies([{"name": "theme", "value": chosen, "url": address}])
    page = context.new_page()
    # Before the sheet is there, the canvas has the colour that the page's head names.
    page.route("**/*.css", lambda route: route.abort())
    page.goto("/problems")
    bare = page.evaluate(
        "getComputedStyle(document.documentElement).colorScheme, matchMedia('(prefers-color-scheme: dark)').matches"
    )
    scheme = page.locator('meta[name="color-scheme"]').get_attribute("content")
    page.unroute("**/*.css")
    page.goto("/problems")
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    context.close()

    assert scheme == (chosen or "light dark")
    assert bare == (system == "dark")
    assert ground == "rgb(19, 20, 22)"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 1440])
def test_other_scripts_and_longer_languages_fit(shell: Page, path: str, width: int) -> None:
    shell.set_viewport_size({"width": width, "height": 900})
    shell.goto(path)
    shell.evaluate("document.documentElement.dir = 'rtl'")
    rtl = shell.evaluate(OVER)
    side = shell.evaluate("document.querySelector('.rail').getBoundingClientRect().right - innerWidth")
    shell.evaluate(
        """() => { document.documentElement.dir = 'ltr';
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let one = walk.nextNode(); one; one = walk.nextNode())
          if (one.data.trim() && !one.parentElement.closest('pre, script, svg, template'))
            one.data = one.data.replace(/[^\\s]+/g, (word) => word + 'é'.repeat(Math.ceil(word.length * 0.4))); }"""
    )
    longer = shell.evaluate(OVER)

    assert rtl == 0
    assert longer == 0
    assert abs(side) < 20  # the rail has changed sides


def test_paper_has_the_answer_and_nothing_of_the_shell(shell: Page) -> None:
    shell.emulate_media(media="print", color_scheme="dark")

    for hidden in (".rail", ".top", "#menu", ".skip"):
        assert not shell.locator(hidden).first.is_visible()
    expect(shell.locator("h1")).to_be_visible()
    assert (
        shell.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--card').trim()")
        == "#fff"
    )


def test_the_first_tab_skips_to_the_content(shell: Page) -> None:
    shell.evaluate("document.activeElement.blur()")
    shell.keyboard.press("Tab")
    expect(shell.locator(".skip")).to_be_focused()
    shell.keyboard.press("Enter")

    expect(shell.locator("#main")).to_be_focused()


def test_a_finger_hits_what_the_shell_has(browser: Browser, address: str) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    enter(page, "sales manager")
    page.goto("/promises")
    small = page.evaluate(
        """[...document.querySelectorAll('.top a, .top button, .top summary, .rail a, .rail summary')]
        .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("details:not([open]) > :not(summary)"))
        .map((one) => [one.getAttribute('aria-label') || one.textContent.trim(), one.getBoundingClientRect()])
        .filter(([, box]) => box.width > 1 && (box.width < 44 || box.height < 44)).map(([word, box]) => `${word} ${box.width}x${box.height}`)"""
    )
    context.close()

    assert small == []
