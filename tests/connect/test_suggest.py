"""Columns that are not called as ours get a suggestion: how sure it is, what stands there, and a mapping that works."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from accord.connect.files import translate as files
from accord.exceptions.model import Counted, ReceiptStated
from accord.kit.errors import InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Item, Site
from accord.policy.model import Book, Rules

NOW = 1_772_452_800_000_000
GRAPH = Graph(0, [Item(id="0815", name="Pump"), Site(id="HAL", name="Halden")])
BOOK = Book(version=0, rules=Rules(), customers={}, tiers={}, prices={})


def suggestion(folder: Path, name: str, text: str) -> Any:
    (folder / name).write_text(text)
    with pytest.raises(InputError) as error:
        files.read([folder / name], None)
    found: Any = error.value.extra["suggestions"]
    return found[0]


def test_usual_words_of_other_systems_are_suggested_with_samples_and_the_mapping_works(
    tmp_path: Path,
) -> None:
    text = "SKU;Warehouse;Qty on hand;Colour\n0815;HAL;1.250,5;red\n0815;HAL;3;blue\n0815;HAL;4;red\n0815;HAL;5;\n"

    found = suggestion(tmp_path, "stock.csv", text)

    assert (found["target"], found["sure"], found["missing"]) == ("on_hand", 70, ())
    assert [(one["column"], one["field"], one["sure"], one["samples"]) for one in found["columns"]] == [
        ("SKU", "item", 90, ("0815",)),
        ("Warehouse", "site", 90, ("HAL",)),
        ("Qty on hand", "quantity", 70, ("1.250,5", "3", "4")),
        ("Colour", "", 0, ("red", "blue")),
    ]
    (tmp_path / "stock.csv").write_text("SKU;Warehouse;Qty on hand;Colour\n0815;HAL;1.250,0;red\n")
    mapping = tmp_path / "stock.toml"
    mapping.write_text(found["mapping"])
    read = files.read([tmp_path / "stock.csv"], mapping)
    news = files.translate(read, graph=GRAPH, book=BOOK, now=NOW).news
    assert news == (Counted(item="0815", site="HAL", quantity=1_250, as_of=NOW),)


def test_dates_are_suggested_in_the_form_they_have_and_asked_where_they_have_two(tmp_path: Path) -> None:
    header = "PO number,Article,Plant,Menge,ETA\n"

    sure = suggestion(tmp_path, "receipts.csv", f"{header}P1,0815,HAL,3,25.04.2026\n")
    asked = suggestion(tmp_path, "more.csv", f"{header}P1,0815,HAL,3,03.04.2026\n")

    assert sure["target"] == asked["target"] == "receipts"
    assert 'due_on = { column = "ETA", dates = "%d.%m.%Y" }' in sure["mapping"]
    assert 'due_on = "ETA"   # say which: dates = "%d.%m.%Y" (3 April 2026) or' in asked["mapping"]
    mapping = tmp_path / "receipts.toml"
    mapping.write_text(sure["mapping"].replace('# id = "..."', 'id = "PO number"  #'))
    read = files.read([tmp_path / "receipts.csv"], mapping)
    (one,) = files.translate(read, graph=GRAPH, book=BOOK, now=NOW).news
    assert isinstance(one, ReceiptStated)
    assert (one.item, one.quantity) == ("0815", 3)


def test_what_does_not_hold_what_a_field_needs_is_not_suggested_for_it(tmp_path: Path) -> None:
    found = suggestion(tmp_path, "x.csv", "article,plant,qty\n0815,HAL,many\n")

    assert [(one["column"], one["field"]) for one in found["columns"]][2] == ("qty", "")
    assert "quantity" in found["missing"] or found["target"] != "on_hand"
    assert found["sure"] == 0 or found["target"] != "on_hand"


def test_columns_that_are_like_nothing_get_no_suggestion(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("zzz,qqq\n1,2\n")

    with pytest.raises(InputError, match="are not ours") as error:
        files.read([tmp_path / "x.csv"], None)

    assert "suggestions" not in error.value.extra


@pytest.mark.parametrize("header", [",".join(f"x{n}" for n in range(1_000)), "s" * 100_000])
def test_a_suggestion_takes_no_long_time_however_wide_or_long_the_header_is(
    header: str, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text(f"{header}\n")
    began = time.process_time()

    with pytest.raises(InputError, match="are not ours"):
        files.read([tmp_path / "x.csv"], None)

    assert time.process_time() - began < 2
