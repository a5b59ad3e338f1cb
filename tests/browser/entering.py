"""How does a test come in as somebody?"""

from __future__ import annotations

from playwright.sync_api import Page


def enter(page: Page, role: str) -> None:
    """Be signed in as the demo's person of this role."""
