"""What every request needs is read once for all who wait for it: not in a thread for each of them."""

from __future__ import annotations

import asyncio

import pytest

from accord.db.engine import Database
from accord.promise.api import catalogue
from accord.web.entrance import gate
from accord.web.people import keys

CALLERS = 50


def test_callers_who_come_together_share_one_read_of_the_catalogue(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Database] = []
    real = catalogue.catalogue
    monkeypatch.setattr(catalogue, "catalogue", lambda own: reads.append(own) or real(own))
    threads = counted(monkeypatch)
    known = catalogue.Catalogues(db)

    async def together() -> list[catalogue.Catalogue]:
        return await asyncio.gather(*(known.recent() for _ in range(CALLERS)))

    found = asyncio.run(together())

    assert len({id(one) for one in found}) == 1
    assert (len(reads), len(threads)) == (1, 1)
    known.forget()
    assert asyncio.run(together())[0].graph_version == found[0].graph_version  # in a loop of its own
    assert (len(reads), len(threads)) == (2, 2)


def test_callers_with_one_key_share_one_read_of_it(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made = keys.add(db, "erp", ["promise"])
    threads = counted(monkeypatch)
    known = gate.Known(db)

    async def together(*secrets: str) -> list[keys.Key | None]:
        return await asyncio.gather(*(known.key(secret) for secret in secrets))

    found = asyncio.run(together(*[made.secret] * CALLERS, "acc_unknown"))

    assert {one.id if one is not None else None for one in found[:CALLERS]} == {made.id}
    assert found[CALLERS] is None
    assert len(threads) == 2


def test_a_caller_who_hangs_up_takes_nothing_from_the_others(db: Database) -> None:
    known = catalogue.Catalogues(db)

    async def one_goes() -> catalogue.Catalogue:
        first, second = (asyncio.ensure_future(known.recent()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(one_goes()).graph_version == 0


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is done in threads from now on."""
    done: list[object] = []
    real = asyncio.to_thread

    def to_thread(work: object, *args: object) -> object:
        done.append(work)
        return real(work, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    return done
