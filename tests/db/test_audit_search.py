"""The record is searched alike on every engine: by what entries say, from the latest back, and never past what is asked."""

from __future__ import annotations

import msgspec
import pytest

from accord.db import audit, audit_search
from accord.db.audit import Entry
from accord.db.audit_search import Wanted
from accord.db.engine import Database
from accord.kit.errors import InputError, NotFound

HOUR = 3_600_000_000


def body(**said: str) -> bytes:
    return msgspec.json.encode(said, order="deterministic")


@pytest.fixture
def times(db: Database) -> list[int]:
    """Six entries of two writers, an hour apart."""
    with db.read() as tx:
        start = tx.now()
    for place in range(6):
        with db.write() as tx:
            said = body(actor=("sam", 'mia "m"')[place % 2], promise=f"prm_{place}", note="100 %")
            audit.append(tx, [Entry(f"Done{place % 3}", said)], at=start + place * HOUR)
        if place == 2:
            db.chains.borrow()  # the next entry begins a chain of its own
    return [start + place * HOUR for place in range(6)]


def found(db: Database, wanted: Wanted, **more: object) -> list[int]:
    """The promises' numbers, in the order of the page."""
    with db.read() as tx:
        page = audit_search.search(tx, wanted, **more)  # type: ignore[arg-type]
    return [int(one.members["promise"].removeprefix("prm_")) for one in page.entries]


def test_the_latest_stands_first_over_all_chains(db: Database, times: list[int]) -> None:
    assert found(db, Wanted()) == [5, 4, 3, 2, 1, 0]
    with db.read() as tx:
        assert tx.rows("SELECT count(*) FROM audit_chain") == [(2,)]


def test_every_condition_narrows(db: Database, times: list[int]) -> None:
    assert found(db, Wanted(actor='mia "m"')) == [5, 3, 1]
    assert found(db, Wanted(actor="mia")) == []
    assert found(db, Wanted(type="Done2")) == [5, 2]
    assert found(db, Wanted(value="prm_4")) == [4]
    assert found(db, Wanted(value="prm_")) == []
    assert found(db, Wanted(value="100 %")) == [5, 4, 3, 2, 1, 0]
    assert found(db, Wanted(from_at=times[1], until_at=times[3])) == [2, 1]
    assert found(db, Wanted(actor="sam", type="Done2", from_at=times[0])) == [2]


def test_pages_follow_each_other_without_a_gap(db: Database, times: list[int]) -> None:
    seen: list[int] = []
    after = None
    for _page in range(4):
        with db.read() as tx:
            page = audit_search.search(tx, Wanted(from_at=times[0]), after=after, limit=2)
        seen += [int(one.members["promise"][-1]) for one in page.entries]
        after = page.following
        if after is None:
            break

    assert (seen, after) == ([5, 4, 3, 2, 1, 0], None)


def test_a_search_reads_so_much_and_says_where_it_stopped(
    db: Database, times: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_search, "LOOK_MAX", 4)

    with db.read() as tx:
        first = audit_search.search(tx, Wanted(value="prm_1"))
        second = audit_search.search(tx, Wanted(value="prm_1"), after=first.following)

    assert (first.entries, first.looked_back_to) == ((), times[2])
    assert [one.at for one in second.entries] == [times[1]]
    assert (second.following, second.looked_back_to) == (None, None)


@pytest.mark.parametrize("after", ["x", "1.2", "1.x.cha", "1.2.", "9" * 30 + ".1.cha"])
def test_a_cursor_that_is_none_is_refused(db: Database, times: list[int], after: str) -> None:
    with db.read() as tx, pytest.raises(InputError):
        audit_search.search(tx, Wanted(), after=after)


def test_all_that_fit_come_the_earliest_first_or_not_at_all(db: Database, times: list[int]) -> None:
    with db.read() as tx:
        assert [one.at for one in audit_search.every(tx, Wanted(actor="sam"), most=3)] == times[::2]
        with pytest.raises(InputError, match="More than 2 entries fit"):
            audit_search.every(tx, Wanted(actor="sam"), most=2)


def test_the_whole_says_how_much_is_signed(
    db: Database, times: list[int], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accord.db import audit_keys

    monkeypatch.setenv(audit_keys.SETTING, f"{tmp_path}/key")
    with db.read() as tx:
        before = audit_search.whole(tx)
    audit_keys.keep(db)
    with db.write() as tx:
        audit.append(tx, [Entry("Done9", body(promise="prm_9"))])
    with db.read() as tx:
        after = audit_search.whole(tx)

    assert (before.entries, before.chains, before.unsigned, before.checkpoint) == (6, 2, 6, None)
    assert before.first_at == times[0]
    assert (after.entries, after.unsigned, after.checkpoint) == (7, 1, 1)


def test_one_entry_is_shown_with_what_it_hangs_on(db: Database, times: list[int]) -> None:
    with db.read() as tx:
        chain = audit_search.search(tx, Wanted(value="prm_2")).entries[0].chain_id
        shown = [audit_search.one(tx, chain, seq) for seq in (1, 2, 3)]
        with pytest.raises(NotFound):
            audit_search.one(tx, chain, 4)

    assert [one.fits for one in shown] == [True] * 3
    assert [(one.is_first, one.is_last) for one in shown] == [(True, False), (False, False), (False, True)]
    assert shown[1].before == shown[0].entry.hash


def test_an_entry_that_was_changed_no_longer_fits(db: Database, times: list[int]) -> None:
    with db.read() as tx:
        chain = audit_search.search(tx, Wanted(value="prm_1")).entries[0].chain_id
    with db.write() as tx:
        tx.execute(
            "UPDATE audit SET body = :body WHERE chain_id = :chain AND seq = 2", body=b"{}", chain=chain
        )

    with db.read() as tx:
        assert [audit_search.one(tx, chain, seq).fits for seq in (1, 2, 3)] == [True, False, True]
