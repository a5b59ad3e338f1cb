"""Who uses only the keyboard sees where he is, on every screen and at every width, and comes out of everything again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Watch
from tests.browser.entering import enter
from tests.browser.screens import SCREENS, Screen

STEPS_MAX = 80  # of the tab key; long lists repeat themselves

# Where the focus is, whether it is seen, and whether anything lies over it.
FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = (one.matches("input[type=radio], input[type=checkbox], input[type=file]") && one.closest("label") || one).getBoundingClientRect();
  // The middle of the part that is in the window.
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2, y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const top = document.elementFromPoint(x, y);
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
  const hit = top && (one.contains(top) || top.contains(one) || one.closest("label")?.contains(top));
  const shows = [one, one.closest("label"), one.parentElement].some((it) => it && (getComputedStyle(it).outlineStyle !== "none" || getComputedStyle(it).boxShadow !== "none"));
  return [`${one.tagName.toLowerCase()} ${(one.textContent || one.name || one.id || one.getAttribute("aria-label") || "").trim().slice(0, 40)}`, inside, Boolean(hit), shows];
}"""

MARK = """() => { const one = document.activeElement; const seen = one?.hasAttribute("data-seen"); one?.setAttribute("data-seen", ""); return Boolean(seen); }"""


@pytest.fixture(scope="module")
def watch(rounds: Watch) -> Watch:
    return rounds


@pytest.fixture(scope="module")
def page(rounds_page: Page) -> Page:
    return rounds_page


def tabbed(page: Page) -> list[str]:
    """What is wrong on the way through a page by the tab key."""
    found: list[str] = []
    page.wait_for_timeout(300)  # a page that goes on by itself when long work is over has done so
    page.locator(".skip").focus()  # where the way begins, wherever the page has put the focus
    steps = 0
    while steps < STEPS_MAX:
        page.keyboard.press("Tab")
        steps += 1
        seen = page.evaluate(FOCUS)
        if seen is None or page.evaluate(MARK):
            break  # through, and back at the beginning
        what, inside, is_hit, shows = seen
        if not inside:
            found.append(f"{what}: outside of the window")
        elif not is_hit:
            found.append(f"{what}: something lies over it")
        if not shows:
            found.append(f"{what}: nothing shows that it has the focus")
    if steps < 3:
        found.append(f"only {steps} stops")
    return found


@pytest.mark.parametrize("screen", [pytest.param(one, id=one.id) for one in SCREENS])
def test_the_focus_is_seen_wherever_it_goes(page: Page, screen: Screen) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    enter(page, screen.role)
    screen.way(page)

    found = [f"1440 px: {one}" for one in tabbed(page)]
    page.set_viewport_size({"width": 390, "height": 700})
    page.reload()
    found += [f"390 px: {one}" for one in tabbed(page)]

    assert not found, "\n".join(found)


def test_a_focus_that_is_covered_is_noticed(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/promises")
    page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(".over { position: fixed; inset: 0; z-index: 99; background: #fff; } :focus-visible { outline: none !important; box-shadow: none !important; }");
      document.adoptedStyleSheets = [sheet];
      const over = document.createElement("div");
      over.className = "over";
      document.body.append(over);
    }""")

    found = tabbed(page)

    assert any("lies over it" in one for one in found)
    assert any("nothing shows" in one for one in found)


def test_escape_closes_the_menu_and_gives_the_focus_back(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/promises")
    link = page.locator("main a").first
    link.focus()
    before = page.evaluate("document.activeElement.outerHTML")

    page.keyboard.press("Control+k")
    assert page.locator("#menu").is_visible()
    page.keyboard.press("Escape")

    assert not page.locator("#menu").is_visible()
    assert page.evaluate("document.activeElement.outerHTML") == before
