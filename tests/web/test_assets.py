"""A page loads few and small files, each once."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from accord.web.layout.assets import ASK_AGAIN, FIRST, FOLDER, FOR_EVER, SHEET, assets, read

Visitor = TestClient[Any]
FIRST_LOAD_BYTES_MAX = 200_000
FILES_MAX = 16


def loaded(text: str) -> list[str]:
    """What a browser fetches for a page beside the page."""
    return re.findall(r'<(?:link|script)[^>]+(?:href|src)="(/[^"]+)"', text)


def folder(at: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (at / name).write_text(text)
    return at


@pytest.mark.parametrize("address", ["/", "/promises", "/approvals", "/problems"])
def test_the_first_load_of_a_page_is_small(visitor: Visitor, address: str) -> None:
    packed = {"Accept-Encoding": "gzip"}
    page = visitor.get(address, headers=packed)

    addresses = loaded(page.text)
    sizes = [int(visitor.get(one, headers=packed).headers["content-length"]) for one in addresses]

    assert len(addresses) == len(set(addresses)) <= FILES_MAX
    assert sum(sizes) + len(gzip.compress(page.content)) <= FIRST_LOAD_BYTES_MAX


def test_a_page_loads_nothing_without_a_version_and_one_sheet(visitor: Visitor) -> None:
    found = loaded(visitor.get("/").text)

    assert [one for one in found if not one.startswith(f"/static/{assets().version}/")] == []
    assert [one for one in found if one.endswith(".css")] == [f"/static/{assets().version}/{SHEET}"]


def test_every_module_that_is_imported_is_fetched_with_the_page(visitor: Visitor) -> None:
    preloaded = {one.rsplit("/", 1)[-1] for one in loaded(visitor.get("/").text)}
    imported = {
        name
        for path in FOLDER.glob("*.js")
        if path.name in preloaded
        for name in re.findall(r'from "\./([^"]+)"', path.read_text())
    }

    assert imported
    assert imported <= preloaded


def test_what_has_a_version_is_never_asked_for_again(visitor: Visitor) -> None:
    versioned = visitor.get(assets().address(SHEET))
    bare = visitor.get(f"/static/{SHEET}")

    assert versioned.headers["cache-control"] == FOR_EVER
    assert bare.headers["cache-control"] == ASK_AGAIN
    assert versioned.content == bare.content
    assert visitor.get(f"/static/0123456789ab/{SHEET}").status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_is_packed_where_that_is_taken_and_the_same_then(visitor: Visitor, encoding: str) -> None:
    answer = visitor.get(assets().address("accord.js"), headers={"Accept-Encoding": encoding})

    assert answer.content == (FOLDER / "accord.js").read_bytes()
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_who_has_a_file_is_not_sent_it_again(visitor: Visitor) -> None:
    address = "/static/keys.js"
    tag = visitor.get(address).headers["etag"]

    again = visitor.get(address, headers={"If-None-Match": tag})
    other = visitor.get(address, headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize(
    "path", ["../server/app.py", "..%2fserver%2fapp.py", "%2e%2e/server/app.py", "nothing.css", "", "vendor"]
)
def test_nothing_but_what_was_read_at_the_start_is_sent(visitor: Visitor, path: str) -> None:
    assert visitor.get(f"/static/{path}").status_code == 404


def test_a_new_sheet_needs_no_list_and_comes_after_what_it_builds_upon(tmp_path: Path) -> None:
    before = read(folder(tmp_path, {"accord.css": "b{}", "tokens.css": "a{}"}))
    after = read(folder(tmp_path, {"a-new-one.css": "c{}"}))

    assert before.files[SHEET].body == b"a{}\nb{}"
    assert after.files[SHEET].body == b"a{}\nb{}\nc{}"
    assert before.version != after.version


def test_the_sheets_that_others_build_upon_are_there() -> None:
    assert [name for name in FIRST if not (FOLDER / name).is_file()] == []


def test_modules_are_found_near_and_far_and_once(tmp_path: Path) -> None:
    found = read(
        folder(
            tmp_path,
            {
                "accord.js": 'import { a } from "./a.js";\nimport "./b.js";\n',
                "a.js": 'import {\n  c,\n} from "./c.js";\n// import "./no.js"\n',
                "b.js": 'export { c } from "./c.js";\nconst x = "./no.js";\n',
                "c.js": 'import "./accord.js";\n',
                "no.js": "",
            },
        )
    )

    assert found.modules == ("a.js", "b.js", "c.js")


def test_a_page_that_names_a_file_that_is_not_there_fails_when_it_is_drawn() -> None:
    with pytest.raises(KeyError, match="lost"):
        assets().address("lost.js")
