"""The draws of a receipt are looked up, not searched for: twenty thousand receipts took minutes when they were."""

from __future__ import annotations

from collections.abc import ValuesView

from accord.exceptions.decide import apply_news
from accord.exceptions.model import Component, ReceiptStated
from accord.ledger.decide.owners import Owners
from accord.ledger.decide.sheet import Sheet
from accord.ledger.model import Draw, Profile, SupplyKind, node_key

KEY = node_key("X", "lyon")


def draw(id: str, owner: str) -> Draw:
    return Draw(key=KEY, id=id, owner=owner, promise=None, on=9, quantity=1)


def test_draws_are_found_by_owner_in_order_and_follow_what_is_put_and_taken() -> None:
    sheet = Sheet(Profile(key=KEY))
    sheet.draws = {id: draw(id, "R") for id in ("b", "a")}
    owners = Owners({KEY: sheet})

    assert [one.id for one in owners.of("R")] == ["a", "b"]
    owners.take(draw("b", "R"))
    owners.put(draw("c", "S"))

    assert [one.id for one in owners.of("R")] == ["a"]
    assert [one.id for one in owners.of("S")] == ["c"]
    assert owners.of("nobody") == []
    assert sorted(sheet.draws) == ["a", "c"]


class Counting(dict[str, Sheet]):
    """Sheets that count how often somebody goes through all of them."""

    walks = 0

    def values(self) -> ValuesView[Sheet]:  # type: ignore[override]
        self.walks += 1
        return super().values()


def test_receipts_do_not_make_anybody_go_through_all_sheets_once_each() -> None:
    sheets = Counting({KEY: Sheet(Profile(key=KEY))})
    news = [
        ReceiptStated(
            item="X", site="lyon", id=f"R{n}", kind=SupplyKind.production, quantity=1, due_on=9,
            components=(Component(key=KEY, on=8, quantity=1),),
        )
        for n in range(50)
    ]  # fmt: skip

    for _time in range(2):
        apply_news(news, sheets, lambda _key: 1, {}, [], now=1, cause="cau_a")

    assert len(sheets[KEY].draws) == 50
    assert sheets.walks == 0
