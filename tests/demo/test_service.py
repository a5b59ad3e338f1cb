"""Loading the demo and promising its morning: once, again, and never on anybody else's data."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from accord.db.engine import Database, open_database
from accord.demo import service
from accord.demo.company import company
from accord.exceptions import service as exceptions
from accord.kit.errors import Conflict
from accord.ledger.model import State
from accord.ledger.service import graphs
from accord.policy import service as policy
from accord.policy.model import Customer
from accord.promise import service as promises
from accord.promise.model import Decision, Verb


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[Decision]]]:
    """The demo with its morning, in a file of its own."""
    db = open_database(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    service.load(db)
    decisions = service.morning(db)
    yield db, decisions
    db.close()


def test_loading_leaves_nothing_to_complain_about(db: Database) -> None:
    steps: list[tuple[int, int]] = []

    loaded = service.load(db, on_progress=lambda done, total: steps.append((done, total)))

    assert loaded.is_new
    assert steps[-1][0] == steps[-1][1]
    assert steps == sorted(steps)
    assert promises.verify(db).findings == ()
    assert exceptions.open_exceptions(db) == ([], None)


def test_history_is_there_as_fulfilled_promises(loaded: tuple[Database, list[Decision]]) -> None:
    db, _ = loaded
    made = company(7, service.load(db).today)

    past = [promises.promise_of(db, row.ref) for row in made.history[::240]]

    assert {seen.state for seen in past} == {State.fulfilled}
    assert [
        (seen.promise.lines[0].requested_on, seen.promise.lines[0].first_promised_on) for seen in past
    ] == [(row.requested_on, row.first_promised_on) for row in made.history[::240]]
    assert [sum(c.fulfilled for c in seen.commitments) for seen in past] == [
        row.quantity for row in made.history[::240]
    ]


def test_all_that_is_told_is_applied(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    real = exceptions.supply_changed
    monkeypatch.setattr(
        exceptions, "supply_changed", lambda *given, **named: outcomes.append(real(*given, **named))
    )

    made = company(7, service.load(db).today)

    assert [outcome.ignored for outcome in outcomes] == [(), ()]
    assert [outcome.applied for outcome in outcomes] == [len(made.news), 2_400]
    assert [outcome.opened for outcome in outcomes] == [(), ()]
    assert promises.verify(db).promises == 2_400 + len(made.open_orders)


def test_loading_takes_seconds(sqlite_url: str) -> None:
    db = open_database(sqlite_url)
    began = time.monotonic()

    service.load(db)

    took = time.monotonic() - began
    db.close()
    assert took < 15  # 3 to 5 s on a quiet machine


def test_the_first_question_is_the_storys() -> None:
    loaded = service.Loaded(seed=7, today=date(2026, 3, 2).toordinal(), is_new=True)

    assert loaded.question == "500 X-100 by 2026-03-20 for Northwind at 18.50"
    assert loaded.sentence == "Loaded Halden Pumps as of Monday, 02 March 2026 (seed 7)."


def test_loading_again_changes_nothing(db: Database) -> None:
    first = service.load(db)
    with db.read() as tx:
        before = (graphs.graph(tx).version, policy.book(tx).version)

    second = service.load(db)

    with db.read() as tx:
        assert (graphs.graph(tx).version, policy.book(tx).version) == before
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.seed, second.today) == (first.seed, first.today)


def test_a_load_that_was_cut_off_is_finished(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = open_database(sqlite_url)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exceptions, "supply_changed", killed)
        with pytest.raises(KeyboardInterrupt):
            service.load(db)

    assert service.load(db).is_new
    assert not service.load(db).is_new
    db.close()


def test_another_companys_data_is_left_alone(db: Database) -> None:
    policy.put(db, [Customer(id="Real", name="Real customer")], actor="importer", id="real-1")

    with pytest.raises(Conflict) as load_refused:
        service.load(db)
    with pytest.raises(Conflict) as reset_refused:
        service.reset(db)

    assert load_refused.value.code == reset_refused.value.code == "not_the_demo"
    with db.read() as tx:
        assert set(policy.book(tx).customers) == {"Real"}
        assert graphs.graph(tx).version == 0


def test_another_seed_is_another_demo(db: Database) -> None:
    service.load(db, seed=7)

    with pytest.raises(Conflict, match="seed 7, not 8"):
        service.load(db, seed=8)


def test_there_is_no_morning_without_the_demo(db: Database) -> None:
    with pytest.raises(Conflict, match="not loaded"):
        service.morning(db)


def test_reset_makes_room_for_a_new_demo(db_url: str) -> None:
    db = open_database(db_url)
    service.load(db)
    service.morning(db)

    service.reset(db)
    db.close()

    db = open_database(db_url)
    assert service.load(db, seed=8).is_new
    assert promises.promises(db, ref="Q-7002")[0] == []
    assert promises.verify(db).findings == ()
    db.close()


def test_the_morning_is_a_mixed_one(loaded: tuple[Database, list[Decision]]) -> None:
    db, decisions = loaded
    verbs = Counter(decision.request.verb for decision in decisions)
    promised = [decision for decision in decisions if decision.promise is not None]
    taken = [decision.options[decision.chosen] for decision in promised if decision.chosen is not None]
    sources = Counter(make.source.partition(":")[0] for option in taken for make in option.makes)
    refused = Counter(refusal for decision in decisions for refusal in decision.refusals)

    assert len(decisions) == 40
    assert verbs[Verb.ask] == 1
    assert len(promised) >= 25
    assert sources["make"] >= 2
    assert sources["move"] >= 2
    assert len(refused) >= 5
    assert any(len(decision.request.lines) >= 3 for decision in promised)
    assert any(len(option.pieces) > 1 for option in taken)
    assert promises.verify(db).findings == ()
    assert exceptions.open_exceptions(db) == ([], None)


def test_the_morning_again_gives_the_same_promises(loaded: tuple[Database, list[Decision]]) -> None:
    db, decisions = loaded

    again = service.morning(db)

    first = [decision.promise for decision in decisions]
    assert [decision.promise for decision in again] == first
    assert [d.id for d in again if d.request.verb is not Verb.ask] == [
        d.id for d in decisions if d.request.verb is not Verb.ask
    ]


def test_every_decision_of_the_morning_can_be_replayed(loaded: tuple[Database, list[Decision]]) -> None:
    db, decisions = loaded

    replays = promises.replay_all(db)

    assert len(replays) >= len(decisions) - 1
    assert all(replay.same for replay in replays)


def test_the_morning_is_that_of_the_day_it_was_loaded(loaded: tuple[Database, list[Decision]]) -> None:
    db, decisions = loaded
    today = service.load(db).today

    assert [d.request for d in decisions] == list(company(7, today).morning)
