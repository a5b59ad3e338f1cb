"""Of what no column speaks a file says nothing: what is known of it stays."""

from __future__ import annotations

import pytest

from accord.connect import service
from accord.connect.model import Change
from accord.db.engine import Database
from accord.kit.days import local_day
from accord.ledger.service import graph
from accord.policy import service as policy
from accord.policy.model import Customer, Price
from accord.promise import service as promises
from accord.promise.model import Line, Refusal, Request, Verb

pytestmark = pytest.mark.usefixtures("noon")

FIRST = {
    "items": "id,name,cost,decimals,planner\nX,Pump,12.50,1,Ann\nY,Motor,3,0,Ann\n",
    "sites": "id,zone,cutoff\nlyon,Europe/Paris,14:00\n",
    "operations": "item,site,lead_days,lead_seconds\nX,lyon,3,90\n",
    "bills": "item,site,component,quantity\nX,lyon,Y,2\n",
    "tiers": "id,rank\nA,1\n",
    "customers": "id,tier,may_split,seller\nC,A,no,sam\n",
    "prices": "item,list,floor\nX,20,15\n",
}


@pytest.fixture
def db_url(sqlite_url: str) -> str:
    """Reading is the same for either engine."""
    return sqlite_url


@pytest.fixture
def told(db: Database) -> Database:
    bring(db, **FIRST)
    return db


def bring(db: Database, **files: str) -> dict[str, Change]:
    given = {f"{name}.csv": text.encode() for name, text in files.items()}
    return service.import_pasted(db, given, actor="tests").made


def test_a_price_list_without_floors_leaves_the_floors(told: Database) -> None:
    bring(told, prices="item,list\nX,21\n")

    with told.read() as tx:
        assert policy.book(tx).prices["X"] == Price(id="X", item="X", list_minor=2_100, floor_minor=1_500)


def test_a_floor_that_is_said_to_be_nothing_is_nothing(told: Database) -> None:
    bring(told, prices="item,list,floor\nX,21,0\n")

    with told.read() as tx:
        assert policy.book(tx).prices["X"].floor_minor == 0


def test_names_alone_change_neither_costs_nor_units_nor_tiers_nor_zones(told: Database) -> None:
    made = bring(
        told, items="id,name\nX,Pump 100\n", sites="id,name\nlyon,Lyon\n", customers="id,name\nC,Northwind\n"
    )

    with told.read() as tx:
        master, book = graph(tx), policy.book(tx)
    pump, site = master.items["X"], master.sites["lyon"]
    assert (pump.name, pump.cost_minor, pump.scale, pump.planner) == ("Pump 100", 1_250, 10, "Ann")
    assert (site.name, site.zone, site.cutoff_minute) == ("Lyon", "Europe/Paris", 14 * 60)
    assert book.customers["C"] == Customer(id="C", name="Northwind", tier="A", may_split=False, seller="sam")
    assert made == {kind: Change(changed=1) for kind in ("customer", "item", "site")}


def test_what_an_item_is_made_of_stays_where_only_its_lead_time_is_said(told: Database) -> None:
    bring(told, operations="item,site,lead_days\nX,lyon,4\n")

    with told.read() as tx:
        operation, today = graph(tx).operations["X@lyon"], local_day(tx.now(), "Europe/Paris")
    assert (operation.lead_days, operation.lead_seconds, operation.lead_per) == (4, 9, 1)
    assert [one.item for one in operation.inputs] == ["Y"]
    line = Line(item="X", quantity=10, requested_on=today + 30)
    wanted = Request(id="a", verb=Verb.commit, lines=(line,))
    decision = promises.promise_one(told, wanted, actor="tests")
    assert (decision.promise, decision.refusals[0]) == (None, Refusal.no_source)  # there are no motors


def test_what_was_said_before_and_is_said_in_part_is_the_same(told: Database) -> None:
    made = bring(told, items="id,cost\nX,12.50\n", prices="item,list\nX,20\n")

    assert made == {"item": Change(same=1), "price": Change(same=1)}
