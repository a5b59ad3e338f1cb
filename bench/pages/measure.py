"""What does a browser say of a screen: when it was painted, how it moved, what it weighed, how soon it answers a key?

A phone of the middle class is simulated by the browser itself: the processor slowed four times, the network as slow 4G (150 ms
there and back, 1.6 Mbit/s down, 0.75 up), nothing in the cache. The largest paint is read before anything is typed, since typing
ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

import msgspec
from playwright.sync_api import Browser, Page
from tests.browser.entering import enter
from tests.browser.screens import Screen, story_line

SLOWDOWN = 4
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SETTLE_MS = 400  # after the load: late shifts and tasks are seen too

OBSERVE = """
  window.__seen = { lcp: 0, shift: 0, blocked: 0, events: {} };
  const watch = (type, act, more) => new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({ type, buffered: true, ...more });
  watch("largest-contentful-paint", (one) => { window.__seen.lcp = one.startTime; });
  watch("layout-shift", (one) => { if (!one.hadRecentInput) window.__seen.shift += one.value; });
  watch("longtask", (one) => { window.__seen.blocked += Math.max(0, one.duration - 50); });
  watch("event", (one) => { if (one.interactionId) window.__seen.events[one.interactionId] = Math.max(window.__seen.events[one.interactionId] ?? 0, one.duration); }, { durationThreshold: 16 });
"""
_WEIGHT = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .map((one) => [one.initiatorType === "navigation" ? "page" : one.name.replace(/[?].*/, "").split(".").pop(), one.encodedBodySize, one.transferSize])"""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One cold load of a screen."""

    lcp_ms: float
    blocked_ms: float  # time beyond 50 ms of each long task
    shift: float
    code_kb: float  # scripts and styles, as sent
    all_kb: float


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One time the seller's job: from the first key to the durable promise."""

    keys: int
    answer_ms: float  # from Enter to the answer on the screen
    machine_ms: float  # everything waited for: chips, answer, preview, promise
    interactions_ms: tuple[float, ...]  # each key's, as the browser measured it until the next paint


def load(browser: Browser, base: str, screen: Screen) -> Load:
    """Load a screen cold, on a slow machine and network."""
    context = browser.new_context(base_url=base, viewport={"width": 390, "height": 844}, locale="en-GB")
    context.set_default_timeout(60_000)
    try:
        context.add_init_script(OBSERVE)
        page = context.new_page()
        enter(page, screen.role)
        screen.way(page)  # on a fast one, to learn its address
        address = page.url
        session = context.new_cdp_session(page)
        session.send("Network.clearBrowserCache")
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        page.goto(address, wait_until="load")
        page.wait_for_timeout(SETTLE_MS)
        seen = page.evaluate("window.__seen")
        weights = page.evaluate(_WEIGHT)
        return Load(
            lcp_ms=seen["lcp"],
            blocked_ms=seen["blocked"],
            shift=seen["shift"],
            code_kb=sum(size for kind, size, _ in weights if kind in ("js", "css")) / 1_000,
            all_kb=sum(size for _, size, _ in weights) / 1_000,
        )
    finally:
        context.close()


def paint(page: Page, address: str, shown: str) -> tuple[float, float]:
    """How long until what is wanted is painted, on this machine as it is; and how long the server took. Milliseconds."""
    page.goto(address)
    page.locator(shown).first.wait_for()
    page.wait_for_timeout(100)
    seen = page.evaluate("window.__seen")
    took = page.evaluate(
        "(() => { const one = performance.getEntriesByType('navigation')[0]; return one.responseEnd - one.requestStart; })()"
    )
    return seen["lcp"], took


def seller(page: Page, number: int) -> Job:
    """Ask and hold by keys alone: `a`, the line, Enter, `h`, Enter."""
    keys = 0
    waited = 0.0

    def press(key: str) -> None:
        nonlocal keys
        page.keyboard.press(key)
        keys += 1

    def wait(until: Callable[[], None]) -> float:
        nonlocal waited
        began = time.perf_counter()
        until()
        took = 1_000 * (time.perf_counter() - began)
        waited += took
        return took

    page.goto("/promises")
    page.locator("h1").wait_for()
    page.evaluate("window.__seen.events = {}")
    press("a")
    wait(lambda: page.locator("#q:focus").wait_for())
    for letter in _typed(number):
        press(letter)
    press("Enter")
    answered = wait(lambda: page.locator("#verdict").wait_for())
    page.locator("[data-announced]").wait_for()  # the page's scripts have seen the answer, too
    press("h")
    wait(lambda: page.wait_for_url("**/preview*"))
    wait(lambda: page.locator("main button:focus").wait_for())
    press("Enter")
    wait(lambda: page.wait_for_url("**/promises/prm_*"))
    events = page.evaluate("Object.values(window.__seen.events)")
    return Job(keys=keys, answer_ms=answered, machine_ms=waited, interactions_ms=tuple(events))


def _typed(number: int) -> str:
    """The story's line as somebody in a hurry types it; a small quantity, so that there is enough for every repetition."""
    words = story_line().split()
    day = date.fromisoformat(words[3])
    return f"{1 + number % 3} x-100 {day.day}{day:%b} north 18.5".lower()
