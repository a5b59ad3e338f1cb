"""A transaction takes what its decide-time budget suffices for, so that nothing is claimed and locked in vain."""

from __future__ import annotations

import pytest

from accord.db import requests as claims
from accord.db.engine import Database
from accord.promise import service
from accord.promise.model import Line, Request, Verb
from accord.promise.service import batch
from accord.promise.service.pace import Pace, pace


@pytest.mark.parametrize(
    ("decided", "seconds", "waiting", "takes"),
    [
        (0, 0.0, 256, 256),  # nothing is known yet
        (10, 0.001, 256, 90),  # nine tenths of the budget
        (10, 0.001, 20, 20),
        (1, 0.500, 256, 1),  # one that is slower than the whole budget is still taken
    ],
)
def test_a_lane_takes_what_the_budget_suffices_for(
    decided: int, seconds: float, waiting: int, takes: int
) -> None:
    lane = Pace()

    lane.took(decided, seconds)

    assert lane.most(waiting, 0.010) == takes


def test_each_lane_of_a_database_has_its_own_pace(db: Database) -> None:
    assert pace(db, is_deep=False) is pace(db, is_deep=False)
    assert pace(db, is_deep=False) is not pace(db, is_deep=True)


def test_what_a_budget_does_not_suffice_for_is_claimed_in_vain_once(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed: list[int] = []
    real = claims.claim
    monkeypatch.setattr(claims, "claim", lambda tx, wanted: claimed.append(len(wanted)) or real(tx, wanted))
    monkeypatch.setattr(batch, "BUDGET_SECONDS", 0.0)
    line = Line(item="nothing", quantity=1, requested_on=800_000)

    answers = service.promise(
        db, [Request(id=f"r{n}", verb=Verb.commit, lines=(line,)) for n in range(5)], actor="sales"
    )

    assert len(answers) == 5
    assert claimed == [5, 1, 1, 1, 1]


def test_what_stock_answers_may_take_longer_than_what_is_made(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    real = Pace.most
    monkeypatch.setattr(
        Pace, "most", lambda lane, waiting, budget: asked.append(budget) or real(lane, waiting, budget)
    )
    line = Line(item="nothing", quantity=1, requested_on=800_000)

    batch.shallow(db, [Request(id="a", verb=Verb.commit, lines=(line,))], actor="sales")
    batch.deep(db, [Request(id="b", verb=Verb.commit, lines=(line,))], actor="sales")

    assert asked == [0.050, 0.010]
