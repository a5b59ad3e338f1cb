"""The page of the design system shows every part, alive, and what it says is what the part does."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.test_pages import page

from accord.web.layout.assets import FOLDER
from accord.web.layout.design import COLOURS, EXAMPLES

Visitor = TestClient[Any]
KIT = FOLDER.parent / "templates" / "_kit.html"
TOKENS = (FOLDER / "tokens.css").read_text()


def macros() -> set[str]:
    return set(re.findall(r"\{%- macro ([a-z]\w*)", KIT.read_text()))


def test_every_part_is_shown_alive(visitor: Visitor) -> None:
    shown = visitor.get("/design").text
    template = (KIT.parent / "design.html").read_text()
    used = set(re.findall(r"kit\.(\w+)\(", " ".join(one.lines for one in EXAMPLES) + template))

    assert used == macros()
    for one in EXAMPLES:
        assert one.lines in unescape(shown)


def test_the_page_is_a_page_like_any_other(visitor: Visitor) -> None:
    found = page(visitor.get("/design"))

    assert f"What pages are made of: {len(EXAMPLES)} parts" in found.text
    assert visitor.get("/design").text.count("<h1") == 1


def test_what_is_given_as_words_is_shown_and_never_run(visitor: Visitor) -> None:
    engine = visitor.app.template_engine.engine  # type: ignore[attr-defined]
    evil = '"><script>alert(1)</script>'
    calls = [
        "kit.button(evil, href=evil, label=evil)",
        "kit.field('a', evil, value=evil, help=evil, error=evil, placeholder=evil)",
        "kit.field('a', evil, value=evil, lines=2)",
        "kit.select('a', evil, [(evil, evil)], value=evil)",
        "kit.check('a', evil, value=evil)",
        "kit.errors([('a', evil)])",
        "kit.word('good', evil)",
        "kit.notice('bad', evil)",
        "kit.chip(evil, strong=evil, remove=evil)",
        "kit.facts([(evil, evil, evil)])",
        "kit.stat(evil, evil, href=evil, note=evil)",
        "kit.timeline([{'at': evil, 'what': evil, 'who': evil, 'note': evil}])",
        "kit.steps([(evil, evil), evil], 2)",
        "kit.age(evil, href=evil)",
    ]
    for call in calls:
        drawn = engine.from_string('{% import "_kit.html" as kit %}{{ ' + call + " }}").render(evil=evil)
        assert "<script" not in drawn, call
        assert "&lt;script&gt;" in drawn, call


def test_a_wrong_field_keeps_what_was_typed_and_is_tied_to_its_words(visitor: Visitor) -> None:
    shown = visitor.get("/design").text

    field = re.search(r'<input id="by"[^>]*>', shown)
    assert field is not None
    assert 'value="31 feb"' in field[0]
    assert 'aria-invalid="true" aria-describedby="by-error"' in field[0]
    assert 'id="by-error"' in shown


@pytest.mark.parametrize("sheet", sorted(path.name for path in FOLDER.glob("*.css")))
def test_colours_are_written_in_one_sheet(sheet: str) -> None:
    text = (FOLDER / sheet).read_text()
    literal = re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch)\(", text)

    assert bool(literal) == (sheet == "tokens.css")


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_that_is_shown_has_a_light_and_a_dark_value(name: str) -> None:
    assert re.search(rf"--{name}: light-dark\(#\w+, #\w+\);", TOKENS)


def test_every_token_that_a_sheet_uses_is_there() -> None:
    sheets = {path.name: path.read_text() for path in FOLDER.glob("*.css")}
    known = set(re.findall(r"(--[\w-]+)\s*:", "".join(sheets.values())))

    for name, text in sheets.items():
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= known, (
            name
        )  # one with a fallback may be missing


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        *((ink, ground, 4.5) for ink in ("ink", "soft", "accent", "good", "care", "bad", "practice") for ground in ("paper", "card")),
        ("on-accent", "accent", 4.5),
        ("on-practice", "practice", 4.5),
        ("practice", "practice-wash", 4.5),
        *((f"{tone}", f"{tone}-wash", 4.5) for tone in ("good", "care", "bad")),
        ("edge", "paper", 3.0),
        ("edge", "card", 3.0),
    ],
)  # fmt: skip
def test_colours_can_be_told_from_what_they_stand_on(
    scheme: int, ink: str, ground: str, least: float
) -> None:
    values = {
        name: (light, dark)
        for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS)
    }

    one, other = sorted((_luminance(values[ink][scheme]), _luminance(values[ground][scheme])))

    assert (other + 0.05) / (one + 0.05) >= least
