"""What supply and promises are counted in stays what it is for as long as there are any."""

from __future__ import annotations

import msgspec
import pytest
from tests.company import MASTERS, tell

from accord.db.engine import Database
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.kit.errors import InputError
from accord.ledger.model import Item
from accord.promise.model import Line, Request, Verb
from accord.promise.service import promise_one

OIL = next(one for one in MASTERS if isinstance(one, Item) and one.id == "OIL")
COARSE = msgspec.structs.replace(OIL, scale=10)


def state(db: Database, *news: MasterStated, id: str = "later") -> None:
    supply_changed(db, news, actor="erp", id=id)


def test_a_scale_stays_while_there_is_supply(db: Database, noon: object) -> None:
    tell(db)

    with pytest.raises(InputError, match="OIL has supply or promises in 1/1000 litre") as refused:
        state(db, MasterStated(record=COARSE))

    assert [(one.pointer, one.code) for one in refused.value.errors] == [("/item/OIL/scale", "scale_in_use")]
    state(db, MasterStated(record=msgspec.structs.replace(OIL, name="Oil", unit="l")))


def test_a_scale_stays_when_the_item_was_ended_in_between(db: Database, noon: object) -> None:
    tell(db)
    state(db, MasterStated(ends=("item", "OIL")), id="ended")

    with pytest.raises(InputError, match="scale"):
        state(db, MasterStated(record=COARSE))

    state(db, MasterStated(record=OIL), id="again")


def test_a_scale_stays_while_there_are_promises(db: Database, noon: object) -> None:
    today = tell(db)
    line = Line(item="OIL", quantity=2_500, requested_on=today + 3)
    promise_one(db, Request(id="all", verb=Verb.commit, lines=(line,)), actor="shop")

    with pytest.raises(InputError, match="scale"):
        state(db, MasterStated(record=COARSE))


def test_a_scale_may_change_where_nothing_is_counted_in_it(db: Database, noon: object) -> None:
    tell(db)
    gas = Item(id="GAS", name="Gas", unit="m3", scale=10)
    state(db, MasterStated(record=gas), id="gas")
    # Names that begin alike, or hold what parts a key, are others'.
    for number, id in enumerate(("GAS2", "GAS@x", "GA")):
        state(db, MasterStated(record=Item(id=id, name=id)), id=id)
        supply_changed(db, [Counted(item=id, site="Lyon", quantity=1, as_of=1)], actor="erp", id=f"n{number}")

    state(db, MasterStated(record=msgspec.structs.replace(gas, scale=1_000)))

    with pytest.raises(InputError, match="scale"):
        state(db, MasterStated(record=Item(id="GAS@x", name="x", scale=10)), id="other")
