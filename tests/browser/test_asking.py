"""Asking in a real browser: by keyboard alone, in few keys; nothing is sent while one types, and nothing is lost while one is offline."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from accord.demo import story
from accord.demo.company import HOME
from accord.demo.people import ANNA, BRUNO
from accord.kit.days import Day, date_of
from tests.browser.chromium import Watch
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.entering import enter

KEYS_MAX = 30


def today() -> Day:
    return datetime.now(ZoneInfo(HOME)).toordinal()


def short_day(day: Day) -> str:
    """A day as one types it who is in a hurry: "12mar"."""
    date = date_of(day)
    return f"{date.day}{date:%b}".lower()


class Typist:
    """Somebody without a mouse, whose keys are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=8)
        self.keys += len(text)


def ask(page: Page, line: str) -> None:
    page.goto("/")
    page.fill("#q", line)
    page.press("#q", "Enter")
    page.locator("#verdict, #problem").first.wait_for()


def settled(page: Page) -> None:
    """After a boosted step: the scripts have seen the new page."""
    expect(page.locator("[data-announced]")).to_have_count(1)


def test_of_two_windows_the_second_is_told_what_changed(browser: Browser, address: str) -> None:
    contexts = [browser.new_context(base_url=address, locale="en-GB") for _ in range(2)]
    watches = [Watch(context, address) for context in contexts]
    pages = [watch.context.new_page() for watch in watches]
    watches[1].expect("409")
    line = f"420 X-100 by {date_of(story.dates(today()).asked_on).isoformat()} for Northwind at 18.50"
    for one in pages:
        one.set_default_timeout(TIMEOUT_MS)
        enter(one, "seller")
        ask(one, line)
        settled(one)
        one.keyboard.press("h")
        one.wait_for_url("**/preview*")

    first, second = pages
    first.keyboard.press("Enter")
    first.wait_for_url("**/promises/prm_*")
    second.keyboard.press("Enter")

    expect(second.locator(".changed")).to_contain_text("It changed while you looked.")
    expect(second.locator(".changed")).to_contain_text("420 were promised to Northwind Process by you")
    expect(second.locator("del")).to_contain_text("420 X-100")
    expect(second.locator(".option .new").first).to_be_visible()
    expect(second.locator("#q")).to_have_value(line)
    assert [watch.end() for watch in watches] == [[], []]
    for context in contexts:
        context.close()


def test_the_whole_job_takes_few_keys_and_no_mouse(page: Page) -> None:
    enter(page, "seller")
    page.goto("/promises")
    me = Typist(page)

    me.press("a")
    expect(page.locator("#q")).to_be_focused()
    me.type(f"500 x-100 {short_day(story.dates(today()).asked_on)} north 18.5")
    me.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("Yes")
    settled(page)
    expect(page.locator('input[name="option"]').first).to_be_focused()
    me.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Commit this?")
    expect(page.get_by_role("button", name="Commit")).to_be_focused()
    me.press("Enter")
    page.wait_for_url("**/promises/prm_*")

    expect(page.locator("main")).to_contain_text("Northwind")
    assert me.keys <= KEYS_MAX


def test_nothing_is_asked_while_one_types_and_what_is_overtaken_is_given_up(page: Page) -> None:
    enter(page, "seller")
    asked: list[str] = []
    page.goto("/")
    page.on("request", lambda request: asked.append(request.url.split("://")[1].partition("/")[2]))

    page.keyboard.type("500 x-100 for north", delay=20)
    expect(page.locator("#chips")).to_contain_text("Northwind")

    read = [path for path in asked if path.startswith("ask/chips?")]
    assert [path for path in asked if path.startswith(("?", "preview", "v1/"))] == []
    assert 0 < len(read) < len("500 x-100 for north")  # pauses are read, not keys
    assert page.evaluate("document.activeElement.id") == "q"


def test_a_best_match_mends_the_line_without_leaving_the_keyboard(page: Page) -> None:
    enter(page, "seller")
    page.goto("/")
    page.keyboard.type("20 x-1", delay=20)
    expect(page.locator("#chips .ask-way").first).to_be_visible()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#q")).to_have_value("20 X-100")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#chips .ask-way")).to_have_count(0)


def test_rows_that_are_pasted_become_lines_with_one_answer_each(page: Page) -> None:
    enter(page, "seller")
    page.goto("/")
    day = date_of(today() + 30).isoformat()
    rows = f"Item\tQty\tDate\nX-100\t5\t{day}\nX-110\t3\t{day}"

    page.evaluate(
        """(text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const line = document.getElementById("q");
          line.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        rows,
    )

    expect(page.locator("textarea#q")).to_have_value(rows)
    expect(page.locator("table", has_text="Line by line").first.locator("tbody tr")).to_have_count(2)


def test_the_answer_is_announced_once_and_the_line_keeps_what_was_typed(page: Page) -> None:
    enter(page, "seller")
    page.goto("/")
    page.evaluate(
        """() => {
          window.heard = [];
          new MutationObserver(() => {
            for (const one of document.querySelectorAll('body > p[role="status"]'))
              if (one.textContent && !one.dataset.heard) { one.dataset.heard = "1"; window.heard.push(one.textContent); }
          }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
        }"""
    )

    page.keyboard.type("5 x-100 for north")
    page.keyboard.press("Enter")
    settled(page)
    page.wait_for_timeout(300)

    heard = page.evaluate("window.heard")
    assert heard == [page.locator("[data-announces]").get_attribute("data-announces")]
    expect(page.locator("#q")).to_have_value("5 x-100 for north")


def test_what_is_not_understood_leaves_the_focus_in_the_line(page: Page) -> None:
    enter(page, "seller")
    ask(page, "5 X-1OO for north")

    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("5 X-1OO for north")


def test_a_quick_answer_shows_no_waiting_and_a_slow_one_the_shape_of_the_answer(page: Page) -> None:
    enter(page, "seller")
    page.goto("/")
    held: list[Route] = []
    page.route("**/?q=*", lambda route: held.append(route))

    page.fill("#q", "5 x-100 for north")
    page.press("#q", "Enter")
    page.wait_for_timeout(100)
    hidden_first = page.locator("#checking").is_hidden()
    expect(page.locator("#checking")).to_be_visible()
    held[0].continue_()
    settled(page)

    assert hidden_first
    expect(page.locator("#checking")).to_be_hidden()


@pytest.fixture
def offline(watch: Watch) -> Any:
    watch.expect("ERR_INTERNET_DISCONNECTED", "failed: ", "htmx:")
    return watch.context


def test_what_is_confirmed_offline_is_kept_and_done_once(page: Page, offline: Any) -> None:
    enter(page, "seller")
    ask(page, "3 x-100 for north")
    settled(page)
    page.keyboard.press("c")
    page.wait_for_url("**/preview*")
    key = page.locator('input[name="key"]').get_attribute("value")

    offline.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("#offline")).to_be_visible()
    kept = page.evaluate("JSON.parse(localStorage.getItem('accord.drafts'))")
    assert [one["key"] for one in kept] == [key]
    sent: list[str] = []
    page.on(
        "request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None
    )
    offline.set_offline(False)
    page.wait_for_url("**/promises/prm_*")

    assert len(sent) == 1
    assert f"key={key}" in sent[0]
    assert page.evaluate("JSON.parse(localStorage.getItem('accord.drafts'))") == []


def test_what_somebody_else_left_unsent_is_neither_shown_nor_sent(page: Page) -> None:
    enter(page, "seller")
    draft = """(who) => localStorage.setItem("accord.drafts", JSON.stringify([
      { key: "req_1", who, fields: [["key", "req_1"]], says: "Hold 3 X-100", path: "/promise", at: Date.now() }]))"""
    shown = []
    for who in (BRUNO, ANNA):
        page.evaluate(draft, who)
        page.goto("/")
        page.locator("#q").wait_for()
        page.locator("#drafts").wait_for(state="attached")
        shown.append(page.locator("#drafts li").count())

    assert shown == [0, 1]


def test_what_is_told_to_the_customer_is_copied(page: Page, offline: Any) -> None:
    enter(page, "seller")
    offline.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "3 x-100 for north at 18.50")
    settled(page)

    page.keyboard.press("y")
    expect(page.locator("#say[data-copied]")).to_have_count(1)

    words = page.evaluate("navigator.clipboard.readText()")
    assert "X-100" in words
    assert "at €18.50 each" in words
    assert "Halden" not in words
