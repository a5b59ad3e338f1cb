"""How is a real Chromium started, and how is it known that nothing went wrong in it?

The browser is the machine's own (`scripts/browser.sh` installs Debian's where it may). Whatever a page says on its console, every
report of the content security policy, every failed request and every request to another host is written down and is a failure
unless a test expects it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

ACCORD = Path(sys.executable).with_name("accord")
ABSENT = "no Chromium on this machine: scripts/browser.sh installs it as root on Debian and Ubuntu, or set ACCORD_TEST_CHROMIUM"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
]
_REPORTS = """
  window.__reports = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    window.__reports.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile ?? ""}:${event.lineNumber}`));
"""


def found() -> str | None:
    """Where this machine's Chromium is; None where there is none."""
    given = os.environ.get("ACCORD_TEST_CHROMIUM")
    if given:
        return given
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser without a window."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # root has no user namespace to put the pages in
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found(), args=[*_ARGS, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """What went wrong in the pages of one context."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self._host = urlsplit(base).netloc
        self.wrong: list[str] = []
        self.expected: list[str] = []  # patterns of what a test brings about on purpose
        self._pages: list[Page] = []
        context.add_init_script(_REPORTS)
        context.on("page", self._opened)
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)

    def expect(self, *patterns: str) -> None:
        """What matches one of these is no fault: "409" where a test makes a conflict."""
        self.expected += patterns

    def end(self) -> list[str]:
        """Everything that was wrong, the reports of the policy of pages still open included."""
        for page in self._pages:
            if not page.is_closed():
                self.wrong += [f"policy: {one}" for one in page.evaluate("window.__reports ?? []")]
        return [one for one in self.wrong if not any(re.search(pattern, one) for pattern in self.expected)]

    def _opened(self, page: Page) -> None:
        self._pages.append(page)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"script: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.wrong.append(f"another host: {request.url}")

    def _failed(self, request: Request) -> None:
        # What a page asked for and no longer wanted when it was left is no failure.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url} {request.failure}")


@contextmanager
def served(db: Path, *argv: str, command: str = "demo", port: int = 0) -> Iterator[str]:
    """A running server, on a free port where none is named, by its address."""
    process, address = start(db, *argv, command=command, port=port)
    try:
        yield address
    finally:
        stop(process)


def start(db: Path, *argv: str, command: str = "demo", port: int = 0) -> tuple[subprocess.Popen[str], str]:
    """A server that takes requests, and its address."""
    process = subprocess.Popen(
        [ACCORD, command, "--port", str(port), *argv, "--db", f"sqlite:///{db}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stderr is not None
    heard: list[str] = []
    for line in process.stderr:
        heard.append(line)
        match = re.search(r"(http://(?:localhost|127\.0\.0\.1)[^\s/]*)", line)
        if match:
            return process, match[1]
    stop(process)
    raise AssertionError("".join(heard))


def stop(process: subprocess.Popen[str]) -> None:
    """Ask it to end, and see that it does."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stderr is not None:
        process.stderr.close()
