"""How does a test come in as somebody? By the desk that the demo offers, with one press."""

from __future__ import annotations

from playwright.sync_api import Page

from accord.demo.people import PEOPLE

NOBODY = "nobody"  # signed out


def enter(page: Page, role: str) -> None:
    """Be signed in as the demo's first person of this role, or be nobody; who is that already stays where he is."""
    known = next((one["value"] for one in page.context.cookies() if one["name"] == "test-role"), NOBODY)
    if known == role.replace(" ", "-"):
        return
    if role == NOBODY:
        page.context.clear_cookies()
        return
    sit(page, next(one.name for one in PEOPLE if one.role == role and one.does))
    page.context.add_cookies([{"name": "test-role", "value": role.replace(" ", "-"), "url": page.url}])


def sit(page: Page, name: str) -> None:
    """Be signed in as this person of the demo."""
    page.goto("/demo")
    page.locator(f'.desks button[value="{name}"]').click()
    page.wait_for_url(lambda url: not url.endswith("/demo"))
