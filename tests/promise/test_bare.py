"""The small words may be left out where the names there are say what is meant; what could be two things is said."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promise.test_named import NAMES, TODAY

from accord.kit.days import day_of, iso
from accord.kit.errors import InputError
from accord.promise.model import Line
from accord.promise.named import knows_of, understand
from accord.promise.words import read_words

KNOWS = knows_of(NAMES)


@pytest.mark.parametrize(
    ("text", "line", "customer"),
    [
        ("500 x-100 12 mar northw 18.5", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 12mar northw 18.50", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 northw 12 mar 18.5", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 18.5 northw 12 mar", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 northw 18,50 12 mar", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 by 12 mar northw 18.5", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 12 mar northw at 18.5", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 for northw 18.5 by 12 mar", ("X-100", 500, "2026-03-12", 1850), "C1"),
        ("500 x-100 northw €18.50 each", ("X-100", 500, "2026-02-23", 1850), "C1"),
        ("500 x-100 friday northw 18", ("X-100", 500, "2026-02-27", 1800), "C1"),
        ("500 pump x-100 müller 2026-03-12", ("X-100", 500, "2026-03-12", None), "C3"),
        ("500 x-100 northw", ("X-100", 500, "2026-02-23", None), "C1"),
        ("2.5 gear oil tomorrow müller & söhne", ("OIL", 2500, "2026-02-24", None), "C3"),
        ('500 x-100 "Northwind" 12 mar', ("X-100", 500, "2026-03-12", None), "C1"),
    ],
)
def test_what_nothing_introduces_is_placed_by_what_it_is(
    text: str, line: tuple[str, int, str, int | None], customer: str | None
) -> None:
    asked = understand(text, NAMES)

    item, quantity, on, price = line
    assert asked.lines == (Line(item=item, quantity=quantity, requested_on=day_of(on), price_minor=price),)
    assert asked.customer == customer


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("500 x-100 northw 18.5", "price", "ambiguous_number"),  # 18.50, or 18 May
        ("500 x-100 northw 12", "price", "ambiguous_number"),
        ("500 x-100 12 mar northw 1,850", "price", "ambiguous_number"),  # 1850 or 1.850
        ("500 x-100 12 mar nrthwnd 18.5", "customer", "unknown_customer"),
        ("500 x-1 12 mar northw 18.5", "item", "ambiguous_item"),
        ("500 x-100 12 mar north 18.5", "customer", "ambiguous_customer"),
        ("500 x-100 03/04/26 northw", "by", "ambiguous_date"),
        ("500 x-100 12 mar northw 18.5 19.5", "item", "unknown_item"),
        ("500 x-100 by 12 mar northw northg", "line", "unexpected"),
    ],
)
def test_what_is_unclear_is_named_and_never_guessed(text: str, pointer: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        understand(text, NAMES)

    (error,) = caught.value.errors
    assert (error.pointer.removeprefix("/"), error.code) == (pointer, code)


def test_each_value_is_found_again_in_a_line_without_small_words() -> None:
    line = "500 x-100 12 mar northw 18.5"

    spans = {span.field: line[span.start : span.stop] for span in read_words(line, TODAY, KNOWS).spans}

    assert spans == {
        "quantity": "500",
        "item": "x-100",
        "by": "12 mar",
        "customer": "northw",
        "price": "18.5",
    }


def test_a_name_that_holds_a_day_stays_whole() -> None:
    days = msgspec.structs.replace(
        NAMES,
        customers={"C9": msgspec.structs.replace(NAMES.customers["C1"], id="C9", name="Black Friday")},
    )

    asked = understand("5 x-100 black friday tomorrow", days)

    assert asked.customer == "C9"
    assert iso(asked.lines[0].requested_on) == "2026-02-24"


def test_without_the_names_nothing_is_placed() -> None:
    assert read_words("500 x-100 northw", TODAY).item == "x-100 northw"
    with pytest.raises(InputError, match="has no place"):
        read_words("500 x-100 by 12 mar northw", TODAY)


PIECES = """500 2,5 12 mar 12mar 03/04/26 friday in by for to at 18.50 18.5 12 € EUR each x-100 x-1 pump gear oil northw north
müller black friday Nrthwnd a " , ;"""


@given(st.lists(st.sampled_from(PIECES.split()), max_size=12))
def test_any_pieces_are_words_or_an_input_error(pieces: list[str]) -> None:
    try:
        words = read_words("5 " + " ".join(pieces), TODAY, KNOWS)
    except InputError:
        return
    assert words.item
    ends = [end for span in words.spans for end in (span.start, span.stop)]
    assert ends == sorted(ends)


@pytest.mark.parametrize("line", ["5 " + "a " * 240, "5 " + "12 mar " * 70, "5 X-1 by 12 mar " + "q " * 200])
def test_a_long_line_of_anything_is_read_in_no_time(line: str) -> None:
    began = time.thread_time()

    with pytest.raises(InputError):
        understand(line, NAMES)

    assert time.thread_time() - began < 0.5
