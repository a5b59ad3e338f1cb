"""Every screen, on every width, in light and dark: it fits, it can be read, and nothing goes wrong in it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Watch
from tests.browser.entering import enter
from tests.browser.screens import SCREENS, THEMES, WIDTHS, Screen

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

# What the page's boxes say about its width: anything that sticks out is named, unless it lies in a box that scrolls by itself.
STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (one) => one.closest(".scroll, dialog:not([open]), .skip, .hidden, svg");
  return document.documentElement.scrollWidth <= wide ? [] :
    [...document.querySelectorAll("body *")].filter((one) => !scrolls(one) && one.getBoundingClientRect().right > wide + 1)
      .slice(0, 5).map((one) => `${one.tagName.toLowerCase()}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`)
      .concat(`page ${document.documentElement.scrollWidth} in ${wide}`);
}"""

HEIGHT = "document.documentElement.scrollHeight"

SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 50);
})"""

SMALL = """(least) => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".hidden, .skip, dialog:not([open])"))
  .filter((one) => !(one.tagName === "A" && one.closest("p, td, li, figcaption, dd, h1, h2, h3, small")))
  .map((one) => {
    const label = one.closest("label");
    const box = (label ?? one).getBoundingClientRect();
    return [`${one.tagName.toLowerCase()} ${(one.textContent || one.name || one.id).trim().slice(0, 40)}`, Math.round(box.width), Math.round(box.height)];
  })
  .filter(([, width, height]) => width > 0 && (width < least || height < least))"""

_GIVEN = [pytest.param(screen, theme, id=f"{screen.id}-{theme}") for screen in SCREENS for theme in THEMES]


@pytest.fixture(scope="module")
def watch(rounds: Watch) -> Watch:
    return rounds


@pytest.fixture(scope="module")
def page(rounds_page: Page) -> Page:
    return rounds_page


@pytest.mark.parametrize(("screen", "theme"), _GIVEN)
def test_a_screen_fits_and_can_be_read_by_everybody(
    page: Page, watch: Watch, screen: Screen, theme: Any
) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    enter(page, screen.role)
    screen.way(page)
    shift = page.evaluate(SHIFTS)

    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: {one} sticks out" for one in page.evaluate(STICKS_OUT)]
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        # As high as the page: what lies half below the bar of a phone is no small target, it is scrolled to.
        page.set_viewport_size({"width": width, "height": max(900, page.evaluate(HEIGHT))})
        results = Axe().run(page, options=AXE)
        found += [
            f"{width} px: {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary'][:300]}"
            for one in results.response["violations"]
        ]
        found += [f"{width} px: small target {one}" for one in page.evaluate(SMALL, 24)]

    assert page.locator("h1").count() == 1
    assert not found, "\n".join(found)
    assert round(shift, 2) == 0
    assert watch.end() == []


def test_a_box_that_sticks_out_is_noticed(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto("/promises")
    page.evaluate(
        "document.querySelector('h1').setAttribute('class', 'wide'); document.querySelector('h1').textContent = 'x'.repeat(200)"
    )

    assert page.evaluate(STICKS_OUT)


def test_a_fault_of_reading_is_noticed(page: Page) -> None:
    page.goto("/promises")
    page.evaluate("document.documentElement.removeAttribute('lang')")

    assert [one["id"] for one in Axe().run(page, options=AXE).response["violations"]] == ["html-has-lang"]


def test_what_goes_wrong_in_a_page_is_noticed(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    watch = Watch(context, address)
    page = context.new_page()
    page.goto("/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    page.evaluate("console.error('broken')")
    page.wait_for_timeout(200)

    found = watch.end()
    context.close()

    assert any("policy: style-src" in one for one in found)
    assert any("policy: connect-src" in one for one in found)
    assert any("console: broken" in one for one in found)
