"""A session that ends while somebody works: a step leads to signing in, and what was being sent is still there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from accord.db.engine import Database, open_database
from accord.demo import story
from accord.promise import service
from accord.web.people import accounts
from tests.browser import chromium
from tests.browser.chromium import Watch
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.screens import story_line

NAME, PASSWORD = "Anna Lund", "four words are enough"


@pytest.fixture(scope="module")
def company(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo's data, on which Anna Lund has an account with a password."""
    file = tmp_path_factory.mktemp("real") / "halden.db"
    shutil.copy(loaded, file)
    db = open_database(f"sqlite:///{file}", create=False)
    if not any(one.name == NAME for one in accounts.listed(db)):
        accounts.add(db, NAME, ["seller"], by="test")
    accounts.set_password(db, NAME, PASSWORD)
    yield db
    db.close()


@pytest.fixture(scope="module")
def address(company: Database) -> Iterator[str]:
    assert company.path is not None
    with chromium.served(company.path, command="serve") as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address)
    context.set_default_timeout(TIMEOUT_MS)
    watch = Watch(context, address)
    yield context.new_page()
    assert watch.end() == []
    context.close()


def held(db: Database) -> int:
    """How much of the story's item she promised."""
    return len(service.promises(db, actors=[NAME], item=story.ITEM)[0])


def end_all(db: Database) -> None:
    with db.write() as tx:
        accounts.end_all(tx, accounts.named(tx, NAME).id, tx.now())


def come_in(page: Page) -> None:
    page.fill("#name", NAME)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".my-name").wait_for()


def test_a_link_leads_to_signing_in_and_then_to_where_it_went(page: Page, company: Database) -> None:
    page.goto("/")
    come_in(page)
    end_all(company)

    page.locator('.rail a[href="/promises"]').click()
    page.wait_for_url("**/sign-in?next=/promises")
    come_in(page)

    assert page.url.endswith("/promises")


def test_what_was_being_sent_is_shown_again_and_done_when_it_is_sent(page: Page, company: Database) -> None:
    before = held(company)
    page.goto("/")
    come_in(page)
    page.goto(f"/?q={quote(story_line())}")
    page.locator("#verdict").wait_for()
    page.keyboard.press("h")
    page.wait_for_url("**/preview*")
    end_all(company)

    page.locator("main button.primary").press("Enter")
    page.wait_for_url("**/sign-in?next=/kept")
    come_in(page)
    expect(page.locator("main")).to_contain_text(story_line())
    assert held(company) == before

    page.locator("main button.primary").press("Enter")
    page.wait_for_url("**/promises/prm_*")
    assert held(company) == before + 1
