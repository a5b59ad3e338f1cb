"""Bringing files in in a real browser: chosen, dropped or pasted, in one press more, without a mouse, and without scripts."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Watch
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.entering import enter

HEAD = "item,site,quantity\n"
DROPPED = """(text) => {
  const given = new DataTransfer();
  given.items.add(new File([text], "dropped.csv"));
  const form = document.querySelector("[data-drop]");
  for (const name of ["dragover", "drop"]) form.dispatchEvent(new DragEvent(name, { dataTransfer: given, bubbles: true, cancelable: true }));
}"""
PASTED = """(text) => {
  const given = new DataTransfer();
  given.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: given, bubbles: true }));
}"""


def stock(quantity: int) -> str:
    return f"{HEAD}X-300,Lyon,{quantity}\n"


def choose(page: Page, text: str, name: str = "stock.csv") -> None:
    page.goto("/imports")
    page.set_input_files("#file", [{"name": name, "mimeType": "text/csv", "buffer": text.encode()}])


def test_a_file_that_is_chosen_is_in_after_one_key(page: Page) -> None:
    enter(page, "supply lead")

    choose(page, stock(901))
    page.wait_for_url("**/imports/imp_*/try")
    expect(page.locator(".letting .primary")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".verdict")).to_contain_text("In since")


def test_a_file_is_dropped_and_a_table_is_pasted(page: Page) -> None:
    enter(page, "supply lead")

    for way, text, name in (
        (DROPPED, stock(902), "dropped.csv"),
        (PASTED, stock(903).replace(",", "\t"), "pasted.csv"),
    ):
        page.goto("/imports")
        expect(page.locator("[data-drop][data-ready]")).to_have_count(1)
        page.evaluate(way, text)
        page.wait_for_url("**/imports/imp_**")
        expect(page.locator("main h1")).to_contain_text(name)


def test_a_file_that_is_too_large_is_not_even_sent_and_the_form_stays(page: Page) -> None:
    enter(page, "supply lead")
    page.goto("/imports")
    page.evaluate("document.querySelector('[data-drop]').dataset.max = '10'")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))

    page.set_input_files(
        "#file", [{"name": "stock.csv", "mimeType": "text/csv", "buffer": stock(1).encode()}]
    )

    expect(page.locator("[data-drop-says]")).to_contain_text("is the most. Put in fewer")
    expect(page.locator(".drop-actions button")).to_be_visible()
    assert "POST" not in sent


def test_what_the_server_refuses_is_said_beside_the_file(page: Page, watch: Watch) -> None:
    watch.expect("422")
    enter(page, "supply lead")
    page.goto("/imports")
    twice = {"name": "stock.csv", "mimeType": "text/csv", "buffer": stock(1).encode()}

    page.set_input_files("#file", [twice, twice])

    expect(page.locator("[data-drop-says]")).to_have_text(
        "Two files are called stock.csv. Put them in one by one."
    )


def test_choosing_what_a_table_is_shows_its_columns_at_once(page: Page) -> None:
    enter(page, "supply lead")
    choose(page, "Article;Store;Stock level\nX-300;Lyon;5\n", "export.csv")
    page.wait_for_url("**/map")

    page.select_option("[name='target:0']", "receipts")

    expect(page.locator("select[name='field:0:0'] option", has_text="due on")).to_have_count(1)
    expect(page.locator("main [role=alert]")).to_have_count(0)  # it was looked at, and not said yet


def test_without_scripts_a_file_is_put_in_by_a_button(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, locale="en-GB", java_script_enabled=False)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    enter(page, "supply lead")

    choose(page, stock(904))
    page.click(".drop-actions button")
    page.click(".letting .primary")
    for _ in range(20):
        if page.locator(".working").count() == 0:
            break
        page.click(".working a.button")

    expect(page.locator(".verdict")).to_contain_text("In since")
    context.close()
