"""A real browser on the demo company."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.browser.chromium import ACCORD, Watch

TIMEOUT_MS = 20_000  # patience with a busy machine; no budget


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company, loaded and with its morning promised; copied by whoever changes it."""
    if chromium.found() is None:
        pytest.skip(chromium.ABSENT)
    file = tmp_path_factory.mktemp("demo") / "halden.db"
    run = subprocess.run(
        [ACCORD, "demo", "--no-serve", "--db", f"sqlite:///{file}"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return file


# One browser a module: Playwright keeps a loop running in its thread while it is open, and other modules want none.
@pytest.fixture(scope="module")
def browser(loaded: Path) -> Iterator[Browser]:
    with chromium.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo as it is served to one module of tests."""
    file = tmp_path_factory.mktemp("served") / "halden.db"
    shutil.copy(loaded, file)
    with chromium.served(file) as address:
        yield address


@pytest.fixture
def watch(browser: Browser, address: str) -> Iterator[Watch]:
    """A context of its own, as wide as a laptop, in which nothing may go wrong."""
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(TIMEOUT_MS)
    watch = Watch(context, address)
    try:
        yield watch
        assert watch.end() == []
    finally:
        context.close()


@pytest.fixture
def page(watch: Watch) -> Page:
    """A page of that context."""
    return watch.context.new_page()


# Who goes through all screens does it as one visitor: a context for a whole module.
@pytest.fixture(scope="module")
def rounds(browser: Browser, address: str) -> Iterator[Watch]:
    """One visitor for a module of tests; that somebody may not, or that nothing is there, is part of the round."""
    context = browser.new_context(base_url=address, locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    watch = Watch(context, address)
    watch.expect("status of 4")
    try:
        yield watch
    finally:
        context.close()


@pytest.fixture(scope="module")
def rounds_page(rounds: Watch) -> Page:
    """The page of that visitor."""
    return rounds.context.new_page()
