"""What a file says that can be meant in two ways, or that nobody can have meant, is a question and never a guess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accord.connect import service
from accord.connect.service import Options
from accord.connect.service.undoing import foresee
from accord.db.engine import Database
from accord.exceptions.decide.undo import UndoRefused
from accord.exceptions.model import Shipped
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso, local_day, midnight
from accord.kit.errors import InputError, Malformed
from accord.ledger.service import reads
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Line, Refusal, Request, Verb

pytestmark = pytest.mark.usefixtures("noon")

MAPPING = """
name = "m"
[tables.s]
file = "s.csv"
delimiter = ";"
decimal = "{decimal}"
thousands = "{thousands}"
[[on_hand]]
table = "s"
item = "item"
site = "site"
quantity = "quantity"
"""


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """Reading is the same for either engine."""
    return sqlite_url


@pytest.fixture
def basics(db: Database) -> Database:
    bring(db, items="id,cost,decimals\nX,12.50,3\n", sites="id\nlyon\n")
    return db


def bring(db: Database, mapping: Path | None = None, say: dict[str, str] | None = None, **files: str) -> str:
    """Bring tables in; the id of the import."""
    given = {f"{name}.csv": text.encode() for name, text in files.items()}
    return service.import_pasted(db, given, mapping, actor="tests", options=Options(say=say or {})).id


def on_hand(db: Database) -> list[int]:
    with db.read() as tx:
        return [one.quantity for one in reads.supplies_of(tx, ["node:X@lyon"])]


def today(db: Database) -> Day:
    with db.read() as tx:
        return local_day(tx.now(), "UTC")


# --- numbers ---


@pytest.mark.parametrize(
    ("decimal", "thousands", "word", "milli"),
    [
        (".", ",", "1,500", 1_500_000),
        (".", ",", "1,500.25", 1_500_250),
        (".", ",", "1500.25", 1_500_250),
        (".", ",", "1,25,000", 125_000_000),  # as in India
        (".", ",", "1,5", None),
        (".", ",", "1,50", None),
        (".", ",", "1,500,25", None),
        (".", ",", "1.250,5", None),
        (",", ".", "1.500,25", 1_500_250),
        (",", ".", "1,5", 1_500),
        (",", ".", "1.5", None),  # fifteen, or one and a half
        (",", ".", "1,250.5", None),
        (",", " ", "12 500,5", 12_500_500),
        (",", " ", "12 5", None),
    ],
)
def test_what_groups_thousands_stands_where_thousands_are(
    basics: Database, tmp_path: Path, decimal: str, thousands: str, word: str, milli: int | None
) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(MAPPING.format(decimal=decimal, thousands=thousands))
    file = f"item;site;quantity\nX;lyon;{word}\n"

    if milli is not None:
        bring(basics, mapping, s=file)
        assert on_hand(basics) == [milli]
    else:
        with pytest.raises(InputError, match="thousands are grouped"):
            bring(basics, mapping, s=file)
        assert on_hand(basics) == []


def test_what_was_said_of_a_column_makes_no_other_number_of_a_cell(basics: Database) -> None:
    with pytest.raises(InputError, match=r"'1\.5' '\.' does not stand where thousands are grouped"):
        bring(basics, say={"decimal": ","}, s="item;site;quantity\nX;lyon;1.5\n")


# --- twice in one object ---


@pytest.mark.parametrize(
    "text",
    [
        '[{"item": "X", "site": "lyon", "quantity": 5, "quantity": 50}]',
        '{"on_hand": [{"item": "X", "site": "lyon", "quantity": 5}], "on_hand": []}',
    ],
)
def test_a_name_that_is_there_twice_in_json_is_refused(basics: Database, text: str) -> None:
    json.loads(text)  # it is read elsewhere, the last one winning

    with pytest.raises(Malformed, match="is there twice in one object, and which is meant cannot be known"):
        service.import_pasted(basics, {"on_hand.json": text.encode()}, actor="tests")


# --- when it was counted ---


def test_what_leaves_after_a_count_of_today_is_not_promised_again(basics: Database) -> None:
    day = today(basics)
    bring(basics, s=f"item,site,quantity,counted_at\nX,lyon,10,{iso(day)}\n")
    line = Line(item="X", quantity=10_000, requested_on=day)
    first = promises.promise_one(basics, Request(id="a", verb=Verb.commit, lines=(line,)), actor="tests")
    (left,) = promises.promise_of(basics, first.promise or "").commitments
    with basics.read() as tx:
        now = tx.now()
    supply_changed(basics, [Shipped(commitment=left.id, quantity=10_000, at=now + 1)], actor="erp", id="left")

    again = promises.promise_one(basics, Request(id="b", verb=Verb.commit, lines=(line,)), actor="tests")

    assert on_hand(basics) == [0]
    assert (again.promise, again.refusals[0]) == (None, Refusal.no_source)


@pytest.mark.parametrize(("ahead", "is_read"), [(-1, True), (0, True), (1, False), (400, False)])
def test_a_count_is_of_a_day_that_was(basics: Database, ahead: int, is_read: bool) -> None:
    day = today(basics) + ahead
    file = f"item,site,quantity,counted_at\nX,lyon,10,{iso(day)}\n"

    if not is_read:
        with pytest.raises(InputError, match="is still to come"):
            bring(basics, s=file)
        return
    bring(basics, s=file)
    with basics.read() as tx:
        (found,) = reads.supplies_of(tx, ["node:X@lyon"])
        now = tx.now()
    end = midnight(day + 1, "UTC") - 1
    assert found.as_of == end if ahead else midnight(day, "UTC") < found.as_of <= now


# --- what nobody can have meant ---


def test_the_price_of_a_tier_that_is_not_there_is_a_problem_and_no_dead_floor(basics: Database) -> None:
    with pytest.raises(InputError, match="unknown tier 'Glod'"):
        bring(basics, prices="item,tier,list,floor\nX,Glod,20,15\n")

    bring(basics, tiers="id,rank\nGold,1\n", prices="item,tier,list,floor\nX,Gold,20,15\n")

    with basics.read() as tx:
        assert policy.book(tx).prices["X|Gold"].floor_minor == 1_500


def test_an_order_for_another_century_does_not_move_the_horizon_there(basics: Database) -> None:
    with basics.read() as tx:
        before = policy.book(tx).rules

    with pytest.raises(InputError, match="'9999-12-31' is more than a hundred years ahead"):
        bring(basics, orders="id,item,quantity,requested_on\nO-1,X,5,9999-12-31\n")

    with basics.read() as tx:
        assert policy.book(tx).rules == before


# --- taken back ---


def test_a_tier_that_a_customer_came_to_be_of_is_not_taken_back(basics: Database) -> None:
    tiers = bring(basics, tiers="id,rank\nA,1\n")
    bring(basics, customers="id,tier\nC,A\n")

    with pytest.raises(UndoRefused) as error:
        service.undo(basics, tiers, actor="tests")

    assert error.value.extra["facts"] == ["customer C is of tier A since"]
    assert foresee(basics, tiers).why_not == ("customer C is of tier A since",)
    with basics.read() as tx:
        assert policy.book(tx).tiers == {"A": 1}


def test_a_tier_goes_with_its_customers_where_one_import_stated_both(basics: Database) -> None:
    both = bring(basics, tiers="id,rank\nA,1\n", customers="id,tier\nC,A\n")

    assert foresee(basics, both).why_not == ()
    service.undo(basics, both, actor="tests")

    with basics.read() as tx:
        assert (policy.book(tx).tiers, policy.book(tx).customers) == ({}, {})
