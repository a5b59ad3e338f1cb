"""What the pages of supply say is what the rows say, added up by other code: after random lives, on the screen and in the API."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from tests.web.test_supply import numbers_with_lists

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.ledger import service as ledger
from accord.simulation.auditor.coverage import unfilled
from accord.simulation.auditor.rows import Row, Rows, capacity
from accord.simulation.clock import Clock, simulated
from accord.simulation.run import simulate
from accord.web.server.app import on

FEW = 3
MANY = int(os.environ.get("ACCORD_TEST_LIVES", "60"))  # 200 take some minutes
HORIZON = 400  # days looked at one by one; no life plans further


class Plain:
    """One node added up from its rows, day by day."""

    def __init__(self, rows: Rows, key: str, now: int) -> None:
        self.today = rows.today(key)
        self.supplies = [
            row for row in rows.supplies.get(key, ()) if row["counts"] == "counted" and _is_live(row, now)
        ]
        self.draws = [row for row in rows.draws.get(key, ()) if _is_live(row, now)]
        days = range(self.today, self.today + HORIZON)
        self.left = [self.supply(day) - self.taken(day) for day in days]

    def supply(self, until: int) -> int:
        return sum(row["quantity"] for row in self.supplies if max(row["on_day"], self.today) <= until)

    def taken(self, until: int) -> int:
        return sum(row["quantity"] for row in self.draws if max(row["on_day"], self.today) <= until)

    @property
    def on_hand(self) -> int:
        return sum(row["quantity"] for row in self.supplies if row["kind"] == "on_hand")

    @property
    def free(self) -> int:
        """The most that one more draw of today may take; where something expires, found by trying."""
        least = max(0, min(self.left))
        if not any(row["expires_on"] for row in self.supplies):
            return least
        missing = unfilled(self.supplies, self.draws, self.today)
        more = {"on_day": self.today, "life_days": 0}
        while (
            least
            and unfilled(self.supplies, [*self.draws, {**more, "quantity": least}], self.today) > missing
        ):
            least -= 1
        return least


def _is_live(row: Row, now: int) -> bool:
    return row["expires_at"] is None or row["expires_at"] > now


@pytest.fixture
def lived(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Database, Clock, int]]:
    """A ledger after a short random life, at a moment a little later, when some holds may be over."""
    seed: int = request.param
    db = open_database(f"sqlite:///{tmp_path / 'life.db'}")
    upgrade(db)
    report = simulate(db, 30, seed)
    assert report.violations == ()
    with db.read() as tx:
        latest = tx.rows("SELECT max(latest_at) FROM ledger_key")[0][0]
    clock = Clock(latest + seed % 5 * 900_000_000)
    with simulated(clock, seed):
        yield db, clock, seed
    db.close()


def check_nodes(db: Database, clock: Clock, client: TestClient[Any]) -> int:
    """Every node of the list, on the screen and in the API, against its rows; how many."""
    with db.read() as tx:
        rows = Rows(tx, clock.now)
        excepted = dict(
            tx.rows("SELECT key, count(*) FROM ledger_exception WHERE closed_at IS NULL GROUP BY key")
        )
    found = ledger.nodes(db, limit=1_000)
    screen = _on_screen(client)
    for line in found.rows:
        key, seen = f"node:{line.item}@{line.site}", line.outlook
        plain = Plain(rows, key, clock.now)
        assert (line.today, seen.on_hand, seen.free, seen.spare) == (plain.today, plain.on_hand, plain.free, min(plain.left)), key  # fmt: skip
        assert (seen.supply, seen.taken) == (plain.supply(10**9), plain.taken(10**9)), key
        assert plain.left[seen.tightest_on - plain.today] == seen.spare, key
        assert seen.short == max(0, -seen.spare), key
        assert line.exceptions == excepted.get(key, 0), key
        scale = found.graph.items[line.item].scale
        assert [n * scale for n in screen[line.item, line.site]] == [plain.on_hand, plain.free], key
        sheet = ledger.node_sheet(db, line.item, line.site)
        assert sheet.outlook == seen, key  # from the rows what the profile says
        for step in sheet.levels:
            assert (step.supply, step.commitments + step.holds + step.needs, step.left) == (
                plain.supply(step.on),
                plain.taken(step.on),
                plain.left[step.on - plain.today],
            ), key
        answer = client.get(
            "/v1/atp", params={"item": line.item, "site": line.site}, headers={"Accept": "*/*"}
        )
        assert float(answer.json()["steps"][0]["available"]) * scale == plain.free, key
    for loaded in ledger.capacities(db, days=60).rows:
        for day in loaded.days:
            taken = [row for row in rows.draws.get(loaded.capacity.key, ()) if row["on_day"] == day.on]
            assert day.taken == sum(row["quantity"] for row in taken if _is_live(row, clock.now))
            assert day.most == capacity(rows.records, loaded.capacity.key, day.on)
    for share in ledger.shares(db).rows:
        taken = rows.draws.get(f"allocation:{share.allocation.id}", [])
        assert share.used == sum(row["quantity"] for row in taken if _is_live(row, clock.now))
    return len(found.rows)


def _on_screen(client: TestClient[Any]) -> dict[tuple[str, str], tuple[float, float]]:
    """On hand and free of every node, as the pages of the list show them."""
    shown: dict[tuple[str, str], tuple[float, float]] = {}
    href = "/supply"
    while href:
        text = client.get(href).text
        for row in re.findall(
            r"<tr>.*?</tr>", text.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL
        ):
            cells = [
                re.sub(r"<[^>]*>|\s", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
            ]
            on_hand, free = (float(re.sub(r"[^\d.]", "", unescape(cell))) for cell in cells[4:6])
            shown[cells[1], _site(row)] = (on_hand, free)
        following = re.search(r'<a class="button" href="([^"]*after=[^"]*)"', text)
        href = unescape(following.group(1)) if following else ""
    return shown


def _site(row: str) -> str:
    match = re.search(r"site=([^&\"]*)", row)
    assert match is not None
    return match.group(1)


@pytest.mark.parametrize("lived", range(FEW), indirect=True)
def test_screen_api_and_rows_agree_after_a_random_life(lived: tuple[Database, Clock, int]) -> None:
    db, clock, _seed = lived
    with TestClient(on(db, is_open=True, rate=0), base_url="http://accord.localhost") as client:
        client.headers["Accept"] = "text/html"
        count = check_nodes(db, clock, client)
        tightest = ledger.nodes(db, limit=1).rows[0]
        node = client.get(f"/supply/{tightest.item}", params={"site": tightest.site}).text
        followed = numbers_with_lists(client, node)

    assert count >= 5
    assert followed >= 10


@pytest.mark.slow
@pytest.mark.parametrize("lived", range(FEW, MANY), indirect=True)
def test_screen_api_and_rows_agree_after_many_random_lives(lived: tuple[Database, Clock, int]) -> None:
    db, clock, _seed = lived
    with TestClient(on(db, is_open=True, rate=0), base_url="http://accord.localhost") as client:
        client.headers["Accept"] = "text/html"
        assert check_nodes(db, clock, client) >= 5


@pytest.mark.parametrize("lived", [0], indirect=True)
def test_a_row_that_was_changed_past_the_gate_is_noticed(lived: tuple[Database, Clock, int]) -> None:
    """Control: where the numbers and the rows differ, the comparison fails."""
    db, clock, _seed = lived
    with db.write() as tx:
        tx.execute(
            "UPDATE ledger_supply SET quantity = quantity + 1 WHERE version_to IS NULL AND counts = 'counted'"
        )

    with TestClient(on(db, is_open=True, rate=0), base_url="http://accord.localhost") as client:
        client.headers["Accept"] = "text/html"
        with pytest.raises(AssertionError):
            check_nodes(db, clock, client)
