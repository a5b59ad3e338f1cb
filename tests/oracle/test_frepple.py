"""On real models, in the order in which open lines are promised: the same earliest day for each sampled line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from accord.connect import service as connect
from accord.db.engine import Database, open_database
from accord.db.migrations import upgrade
from accord.kit.errors import AccordError
from accord.promise import service as promising
from accord.promise.model import Decision, Request
from tests.oracle.database import rows_of, world_of
from tests.oracle.line import earliest

SEED, SAMPLE = 1, 200

pytestmark = [pytest.mark.slow, pytest.mark.real_data, pytest.mark.timeout(600)]


@pytest.fixture
def db(sqlite_url: str) -> Iterator[Database]:
    opened = open_database(sqlite_url)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("model", ["distribution_demo", "manufacturing_demo"])
def test_the_oracle_finds_the_same_day_for_200_lines(
    model: str, db: Database, real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect.import_frepple(db, real_data(f"frepple_models/{model}.json.gz"), reopen=True, actor="test")
    count = connect.open_lines(db)
    chosen = set(random.Random(SEED).sample(range(count), SAMPLE))
    compared, differences = Counter[str](), list[str]()
    number = -1
    promise = promising.promise

    def compare(
        database: Database, requests: Sequence[Request], *, actor: str, patience: int
    ) -> list[Decision | AccordError]:
        """Each line alone, so that the oracle sees the rows as they are before it is decided."""
        nonlocal number
        answers = []
        for request in requests:
            number += 1
            before = None
            if number in chosen:
                with database.read() as tx:
                    world, customers = world_of(tx.connection, tx.now())
                    before = rows_of(tx.connection, world)
            (answer,) = promise(database, [request], actor=actor)
            answers.append(answer)
            if before is not None:
                assert isinstance(answer, Decision)
                world.now = answer.now
                (line,) = request.lines
                plain = {
                    "item": line.item, "quantity": line.quantity, "requested_on": line.requested_on, "site": line.site
                }  # fmt: skip
                expected = earliest(world, before, customers.get(request.customer or ""), plain)
                found = answer.lines[0].on if answer.lines else None
                kind = answer.options[answer.chosen].kind if answer.chosen is not None else "refused"
                compared[kind] += 1
                if (found is None and expected.refusal is None) or (
                    found is not None and found not in expected.on
                ):
                    differences.append(f"{request.id}: the engine says {found}, the oracle {expected}")
        return answers

    monkeypatch.setattr(promising, "promise", compare)
    done = connect.promise_open(db, actor="test")

    print(f"{model}: seed {SEED}, {sum(compared.values())} of {count} lines compared: {dict(compared)}")
    assert differences == []
    assert sum(compared.values()) == SAMPLE
    assert done.in_full + done.later + sum(done.refused.values()) == done.lines == count
