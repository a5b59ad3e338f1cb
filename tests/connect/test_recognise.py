"""How a file is written is recognised with its evidence; what has several readings is asked, and answered once for all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord.connect.files import translate as files
from accord.connect.files.choices import Choices
from accord.connect.files.recognise import dates_of, decimal_of, delimiter_of
from accord.connect.model import Finding, Question, Translation
from accord.exceptions.model import Counted, MasterStated, ReceiptStated
from accord.kit.errors import InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.model import Item, Record, Site
from accord.policy.model import Book, Customer, Rules

NOW = 1_772_452_800_000_000  # 2026-03-02 12:00 UTC
RECORDS: list[Record] = [
    *[Item(id=name, name=name) for name in ("X-1", "007", "Ünite")],
    Site(id="lyon", name="Lyon"),
]
BOOK = Book(version=0, rules=Rules(), customers={"N": Customer(id="N", name="N")}, tiers={}, prices={})


def read(folder: Path, given: dict[str, str | bytes], say: dict[str, str] | None = None) -> files.Reading:
    for name, data in given.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return files.read([folder], None, say=say)


def came_in(folder: Path, given: dict[str, str | bytes], say: dict[str, str] | None = None) -> Translation:
    return files.translate(read(folder, given, say), graph=Graph(0, RECORDS), book=BOOK, now=NOW)


def refused(folder: Path, given: dict[str, str | bytes], say: dict[str, str] | None = None) -> Any:
    with pytest.raises(InputError) as error:
        came_in(folder, given, say)
    return error.value


# --- encoding and separator ---


@pytest.mark.parametrize(
    ("encoding", "reading", "why"),
    [
        ("ascii", "utf-8", "all of it is plain ASCII"),
        ("utf-8", "utf-8", "all of it is valid UTF-8"),
        ("utf-8-sig", "utf-8", "it begins with the mark of UTF-8"),
        ("utf-16", "utf-16", "it begins with the mark of UTF-16"),
        ("utf-16-le", "utf-16-le", "every second byte is zero"),
        ("utf-16-be", "utf-16-be", "every second byte is zero"),
        ("cp1252", "cp1252", "byte 20 in row 2 is not UTF-8; as CP1252 it reads"),
    ],
)
def test_the_encoding_is_said_with_what_it_was_told_by(
    encoding: str, reading: str, why: str, tmp_path: Path
) -> None:
    name = "X-1" if encoding == "ascii" else "Ünite"
    found = came_in(tmp_path, {"s.csv": f"item,site,quantity\n{name},lyon,4\n".encode(encoding)})

    (said,) = [one for one in found.findings if one.what == "encoding"]
    assert said.reading == reading
    assert why in said.evidence
    assert found.news == (Counted(item=name, site="lyon", quantity=4, as_of=NOW),)


def test_a_separator_with_which_all_rows_are_even_is_taken() -> None:
    rows = 'id;"name, short";cost\nA;"a, b";1\nB;c;2\n'

    found = delimiter_of("i.csv", rows, Choices())
    said = delimiter_of("i.csv", rows, Choices({"delimiter:i.csv": "|"}))

    assert (found.reading, "all rows have 3 cells" in found.evidence) == (";", True)
    assert said.reading == "|"


def test_leading_zeros_stay(tmp_path: Path) -> None:
    found = came_in(tmp_path, {"s.csv": "item,site,quantity\n007,lyon,4\n"})

    assert found.news == (Counted(item="007", site="lyon", quantity=4, as_of=NOW),)


# --- dates and numbers ---


@pytest.mark.parametrize(
    ("words", "reading"),
    [
        (["2026-04-03"], None),
        (["25/04/2026", "03/04/2026"], "%d/%m/%Y"),
        (["04/25/26", "03/04/26"], "%m/%d/%y"),
        (["05.05.2026"], "%d.%m.%Y"),
        (["25/04/2026", "04/25/2026"], None),  # no form fits both: the rows say so
    ],
)
def test_the_order_of_a_date_follows_from_a_day_above_12(words: list[str], reading: str | None) -> None:
    found = dates_of("f", "due", words, Choices())

    assert (found.reading if isinstance(found, Finding) else found) == reading


def test_a_date_with_two_readings_is_a_question_with_both() -> None:
    found = dates_of("orders.csv", "due", ["03/04/26"], Choices())

    assert isinstance(found, Question)
    assert [(way.say, way.means) for way in found.ways] == [
        ("%d/%m/%y", "3 April 2026"),
        ("%m/%d/%y", "4 March 2026"),
    ]
    said = dates_of("orders.csv", "due", ["03/04/26"], Choices({found.id: "%m/%d/%y"}))
    assert isinstance(said, Finding)
    assert said.reading == "%m/%d/%y"


@pytest.mark.parametrize(
    ("words", "is_office", "reading"),
    [
        (["12", "1000"], True, None),
        (["1.5"], False, "."),
        (["1.5"], True, "?"),
        (["1,234"], False, "?"),
        (["1,5"], False, ","),
        (["1,234.50"], False, "."),
        (["1.234,50"], True, ","),
        (["1.234", "2,5"], True, ","),
        (["1.234", "1.5"], True, "."),
    ],
)
def test_the_decimal_sign_follows_from_a_number_with_one_reading(
    words: list[str], is_office: bool, reading: str | None
) -> None:
    found = decimal_of("f", "quantity", words, Choices(), is_office=is_office)

    if reading == "?" and words == ["1.5"]:
        assert isinstance(found, Finding)  # 1.5 has no thousands to group
        assert found.reading == "."
    elif reading == "?":
        assert isinstance(found, Question)
        assert [way.means for way in found.ways] == ["1234", "1.234"]
    else:
        assert (found.reading if isinstance(found, Finding) else found) == reading


def test_what_has_two_readings_stops_the_import_with_the_question_and_a_choice_lets_it_in(
    tmp_path: Path,
) -> None:
    given: dict[str, str | bytes] = {
        "r.csv": "id,item,site,quantity,due_on\nR1,X-1,lyon,3,03/04/26\nR2,X-1,lyon,4,05/06/26\n"
    }

    said = refused(tmp_path, given)
    found = came_in(tmp_path, given, {"dates:r.csv": "%d/%m/%y"})

    (question,) = said.extra["questions"]
    (problem,) = said.extra["problems"]
    assert question["id"] == "dates:r.csv:due_on"
    assert (problem["code"], problem["count"], problem["rows"]) == ("ambiguous_date", 2, [2, 3])
    assert "3 April 2026 (say dates:r.csv:due_on=%d/%m/%y) or 4 March 2026" in problem["what"]
    days = [one.due_on for one in found.news if isinstance(one, ReceiptStated)]
    assert days == [739_709, 739_772]  # 3 April and 5 June


# --- repair, once for all rows ---

UNKNOWN: dict[str, str | bytes] = {
    "s.csv": "item,site,quantity\nX-9,lyon,1\nX-1,lyon,2\n",
    "r.csv": "id,item,site,quantity,due_on\nR1,X-9,lyon,3,2026-04-03\n",
}


def test_a_problem_says_what_was_expected_and_which_choices_repair_it(tmp_path: Path) -> None:
    (one, other) = refused(tmp_path, UNKNOWN).extra["problems"]

    assert (one["choice"], one["ways"]) == ("unknown_item:X-9", ["create", "map NAME", "skip"])
    assert (one["expected"], one["file"], other["file"]) == ("an item that is there", "r.csv", "s.csv")


def test_what_is_unknown_is_created_mapped_or_skipped_in_all_files(tmp_path: Path) -> None:
    created = came_in(tmp_path, UNKNOWN, {"unknown_item:X-9": "create"})
    mapped = came_in(tmp_path, UNKNOWN, {"unknown_item:X-9": "map 007"})
    skipped = came_in(tmp_path, UNKNOWN, {"unknown_item:X-9": "skip"})

    assert [one.record for one in created.news if isinstance(one, MasterStated)] == [
        Item(id="X-9", name="X-9", planner="planner")
    ]
    assert [one.item for one in mapped.news if isinstance(one, Counted | ReceiptStated)] == [
        "007",
        "007",
        "X-1",
    ]
    assert [one.item for one in skipped.news if isinstance(one, Counted | ReceiptStated)] == ["X-1"]
    assert [(one.file, one.row, one.why) for one in skipped.rejected] == [
        ("s.csv", 2, "unknown item 'X-9'"),
        ("r.csv", 2, "unknown item 'X-9'"),
    ]
    assert skipped.rejected[0].cells == {"item": "X-9", "site": "lyon", "quantity": "1"}


@pytest.mark.parametrize(
    "say",
    [
        {"unknown_item": "skip"},
        {"unknown_item:X": "delete"},
        {"unknown_item:*": "create"},
        {"unknown_tier:A": "create"},
        {"negative:quantity": "map 3"},
        {"decimal": "x"},
        {"nonsense": "1"},
    ],
)
def test_a_choice_that_says_nothing_is_an_error(say: dict[str, str]) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        Choices(say)
