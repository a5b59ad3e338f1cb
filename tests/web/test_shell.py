"""What stands around every page, as far as it can be read without a browser: landmarks, the menu, the first frame."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar.testing import TestClient

from accord.web.layout.navigation import PLACES

Visitor = TestClient[Any]
PATHS = (
    "/",
    "/promises",
    "/approvals",
    "/notifications",
    "/sources",
    "/supply",
    "/design",
    "/promises/prm_none",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_has_its_landmarks_once_and_a_way_past_the_first(visitor: Visitor, path: str) -> None:
    text = visitor.get(path).text

    for landmark in (
        '<main id="main" tabindex="-1">',
        '<nav class="rail" aria-label="Main">',
        '<header class="top">',
    ):
        assert text.count(landmark) == 1
    assert text.count("<h1") == 1
    body = text[text.index("<body") :]
    assert re.search(r"<a\b[^>]*>", body)[0] == '<a class="skip" href="#main">'  # type: ignore[index]
    names = re.findall(r'<nav\b[^>]*aria-label="([^"]*)"', text)
    assert len(names) == len(set(names)) == text.count("<nav")


@pytest.mark.parametrize("path", PATHS)
def test_no_id_is_there_twice(visitor: Visitor, path: str) -> None:
    found = re.findall(r'\sid="([^"]*)"', visitor.get(path).text)

    assert sorted(set(found)) == sorted(found)


def test_what_names_something_by_its_id_names_something_that_is_there(visitor: Visitor) -> None:
    text = visitor.get("/promises").text
    ids = set(re.findall(r'\sid="([^"]*)"', text))

    named = re.findall(r'aria-(?:controls|labelledby|describedby)="([^"]*)"', text)
    assert named
    assert {one for names in named for one in names.split()} <= ids


def test_the_menu_and_the_keys_have_every_place_and_every_key_once(visitor: Visitor) -> None:
    text = visitor.get("/").text
    menu, keys = text[text.index('id="menu-list"') : text.index('id="keys"')], text[text.index('id="keys"') :]

    for place in PLACES:
        assert f'id="menu-{place.id}" href="{place.href}"' in menu
        assert f'data-remaps="{place.keys}"' in keys
    remapped = re.findall(r'data-remaps="([^"]*)"', keys)
    assert len(remapped) == len(set(remapped))


@pytest.mark.parametrize(("chosen", "scheme"), [("", "light dark"), ("light", "light"), ("dark", "dark")])
def test_the_head_names_the_scheme_before_any_sheet(visitor: Visitor, chosen: str, scheme: str) -> None:
    text = visitor.get("/", headers={"Cookie": f"theme={chosen}"} if chosen else {}).text

    named = text.index(f'<meta name="color-scheme" content="{scheme}">')
    assert named < text.index('rel="stylesheet"')
    assert text.count('name="theme-color"') == (1 if chosen else 2)


def test_the_bell_works_as_a_link_where_no_script_runs(visitor: Visitor) -> None:
    text = visitor.get("/").text

    assert re.search(r'<a class="[^"]*bell"[^>]*href="/notifications"', text)
    assert text.count("data-told") == 1
