"""Hypothesis chooses what happens next, and when it finds something wrong it says the shortest life that shows it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.simulation.clock import Clock, simulated
from accord.simulation.run import WEIGHTS, Simulation
from tests import postgres

PROMISES = sorted(name for name in WEIGHTS if name in (
    "hold", "commit", "order_of_many", "batch", "commit_hold", "commit_expired_hold", "renew", "amend", "release", "cancel",
    "commit_what_was_offered", "hold_and_amend_at_once", "ask", "repeat", "repeat_with_other_terms", "nonsense",
))  # fmt: skip
NEWS = sorted(set(WEIGHTS) - set(PROMISES))
DETAILS = st.integers(0, 2**16)  # the seed of what a step leaves open: item, quantity, day

Open = Callable[[], AbstractContextManager[Database]]


class Machine(RuleBasedStateMachine):
    """One life; each rule is one step, whose details come from a seed that Hypothesis picks."""

    opens: Open

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        db = self.stack.enter_context(type(self).opens())
        clock = Clock()
        self.stack.enter_context(simulated(clock, 0))
        self.simulation = Simulation(db, clock, random.Random(0), hot=True)
        self.found: tuple[object, ...] = ()

    def teardown(self) -> None:
        self.stack.close()

    @rule(name=st.sampled_from(PROMISES), details=DETAILS)
    def promise(self, name: str, details: int) -> None:
        self._step(name, details)

    @rule(name=st.sampled_from(NEWS), details=DETAILS)
    def supply(self, name: str, details: int) -> None:
        self._step(name, details)

    @rule(seconds=st.sampled_from([1, 59, 1_800, 7_200, 40_000]))
    def wait(self, seconds: int) -> None:
        self.simulation.life.clock.advance(seconds)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert self.found == ()

    def _step(self, name: str, details: int) -> None:
        self.simulation.life.chance.seed(details)
        self.found = self.simulation.step(name, audit=True).violations


@contextmanager
def _on_sqlite() -> Iterator[Database]:
    with TemporaryDirectory() as folder:
        db = open_database(f"sqlite:///{Path(folder) / 'accord.db'}")
        upgrade(db)
        yield db
        db.close()


def _on_postgresql(server: str) -> Open:
    @contextmanager
    def opened() -> Iterator[Database]:
        with postgres.database(server) as url:
            db = open_database(url)
            upgrade(db)
            yield db
            db.close()

    return opened


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_no_sequence_of_steps_breaks_a_promise_about_promises(
    engine: str, request: pytest.FixtureRequest
) -> None:
    opens = _on_sqlite if engine == "sqlite" else _on_postgresql(request.getfixturevalue("pg_server"))
    machine = type("OnADatabase", (Machine,), {"opens": staticmethod(opens)})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if engine == "sqlite" else 8,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
