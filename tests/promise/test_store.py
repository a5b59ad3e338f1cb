"""Where promises and decisions are kept: one suite, each database."""

from __future__ import annotations

import msgspec
import pytest

from accord.db.engine import Database
from accord.db.failures import ConstraintBroken
from accord.kit.digest import canonical, digest
from accord.kit.errors import Fault, InputError
from accord.ledger.model import State
from accord.promise import store
from accord.promise.model import Decision, Line, Promise, PromiseLine, Request, Verb, Verdict


def line(item: str, promised_on: int, number: int = 0) -> PromiseLine:
    return PromiseLine(
        line=number,
        item=item,
        quantity=5,
        requested_on=739_000,
        first_promised_on=739_001,
        promised_on=promised_on,
    )


def promise(id: str, made_at: int = 1_000, **fields: object) -> Promise:
    given: dict[str, object] = {
        "state": State.committed, "customer": "northwind", "actor": "anna", "ref": "SO-1", "request": f"req_{id}",
        "decision": f"dec_{id}", "lines": (line("a", 739_002),), "changed_at": made_at, **fields,
    }  # fmt: skip
    return Promise(id=id, made_at=made_at, **given)  # type: ignore[arg-type]


def decision(id: str, **fields: object) -> Decision:
    given: dict[str, object] = {
        "request": Request(id=f"req_{id}", verb=Verb.commit, lines=(Line(item="a", quantity=5, requested_on=739_000),)),
        "now": 1_000, "today": 739_000, "graph_version": 3, "policy_version": 2, "engine_version": "0.1",
        "verdict": Verdict.yes, "sentence": "Yes.", **fields,
    }  # fmt: skip
    return Decision(id=id, **given)  # type: ignore[arg-type]


def keep(db: Database, *promises: Promise) -> None:
    with db.write() as tx:
        store.put_promises(tx, promises)


# --- decisions ---


def test_a_decision_keeps_its_very_bytes(db: Database) -> None:
    made = decision("dec_1", promise="prm_1", reads=(("node:a@main", 4),))
    body = canonical(made)
    with db.write() as tx:
        store.add_decisions(tx, [(made, body, digest(body), 6, "anna")])

    with db.read() as tx:
        kept = store.decision(tx, "dec_1")
        assert kept == store.StoredDecision("dec_1", "anna", 6, digest(body), body)
        assert kept.decision() == made
        assert store.decisions_of_requests(tx, ["req_dec_1", "req_2"]) == {"req_dec_1": kept}
        assert store.decisions_of_promise(tx, "prm_1") == [kept]
        assert store.decision(tx, "dec_2") is None


def test_decisions_come_in_pages_in_the_order_of_their_ids(db: Database) -> None:
    made = [decision(f"dec_{n:02}") for n in range(25)]
    with db.write() as tx:
        store.add_decisions(tx, [(one, canonical(one), "", None, "anna") for one in made])

    with db.read() as tx:
        first = store.decisions_page(tx, limit=10)
        rest = store.decisions_page(tx, first[-1].id, 100)
    assert [row.decision() for row in first + rest] == made


def test_a_decision_is_made_once(db: Database) -> None:
    one = decision("dec_1")
    with pytest.raises(ConstraintBroken), db.write() as tx:
        store.add_decisions(tx, [(one, b"{}", "", None, "anna")] * 2)


# --- promises ---


def test_a_promise_keeps_every_version(db: Database) -> None:
    first = promise("prm_1", lines=(line("b", 739_005), line("a", 739_003, 1)))
    second = msgspec.structs.replace(first, version=2, state=State.cancelled, changed_at=2_000)
    keep(db, first)
    keep(db, second)

    with db.read() as tx:
        assert store.promises(tx, ["prm_1", "prm_2"]) == {"prm_1": second}
        assert store.promise_at(tx, "prm_1", 1) == first
        assert store.promise_at(tx, "prm_1", 3) is None
        assert store.promise_history(tx, "prm_1") == [first, second]
        assert tx.rows("SELECT due_on, item_ids FROM promise WHERE version = 1") == [(739_003, "a\nb")]


def test_several_versions_in_one_batch_leave_the_last_in_force(db: Database) -> None:
    versions = [promise("prm_1", version=n) for n in (1, 2, 3)]
    keep(db, *versions, promise("prm_2"))
    keep(db, msgspec.structs.replace(versions[0], version=4))

    with db.read() as tx:
        assert store.promises(tx, ["prm_1"])["prm_1"].version == 4
        assert tx.rows("SELECT count(*) FROM promise WHERE in_force") == [(2,)]


@pytest.mark.parametrize("versions", [(1, 3), (2, 2), (3, 2)])
def test_versions_follow_each_other_in_a_batch(db: Database, versions: tuple[int, ...]) -> None:
    with pytest.raises(Fault, match="does not follow"):
        keep(db, *[promise("prm_1", version=n) for n in versions])


@pytest.mark.parametrize("version", [1, 2, 4])
def test_a_version_follows_the_one_in_force(db: Database, version: int) -> None:
    keep(db, promise("prm_1"), promise("prm_1", version=2))

    with pytest.raises(Fault):
        keep(db, promise("prm_1", version=version))

    with db.read() as tx:
        assert store.promises(tx, ["prm_1"])["prm_1"].version == 2


def test_a_promise_is_found_by_its_id_or_by_the_newest_of_its_number(db: Database) -> None:
    keep(
        db,
        promise("prm_1", 1),
        promise("prm_2", 2),
        promise("prm_3", 3, ref=""),
        promise("SO-9", 4, ref="SO-1x"),
    )

    with db.read() as tx:
        found = {text: store.find_promise(tx, text) for text in ("prm_1", "SO-1", "", "SO-9", "SO-2")}
    assert {text: one.id if one else None for text, one in found.items()} == {
        "prm_1": "prm_1", "SO-1": "prm_2", "": None, "SO-9": "SO-9", "SO-2": None,
    }  # fmt: skip


# --- lists ---


def pages(db: Database, limit: int, **filters: object) -> list[str]:
    seen: list[str] = []
    after: str | None = None
    while True:
        with db.read() as tx:
            page, after = store.promises_page(tx, after=after, limit=limit, **filters)  # type: ignore[arg-type]
        assert len(page) <= limit
        seen += [one.id for one in page]
        if after is None:
            return seen


@pytest.mark.parametrize("limit", [1, 3, 12, 50])
def test_pages_show_each_promise_once_newest_first(db: Database, limit: int) -> None:
    keep(db, *[promise(f"prm_{n:02}", made_at=n // 3) for n in range(12)])

    assert pages(db, limit) == [f"prm_{n:02}" for n in reversed(range(12))]


def test_a_page_neither_repeats_nor_skips_when_others_are_made_meanwhile(db: Database) -> None:
    keep(db, *[promise(f"prm_{n}", made_at=n) for n in range(6)])
    with db.read() as tx:
        first, after = store.promises_page(tx, limit=3)
    keep(db, promise("prm_9", made_at=9), promise("prm_4", made_at=4, version=2))

    with db.read() as tx:
        rest, end = store.promises_page(tx, after=after, limit=3)

    assert [one.id for one in first + rest] == ["prm_5", "prm_4", "prm_3", "prm_2", "prm_1", "prm_0"]
    assert end is None


def test_lists_filter_by_whatever_is_asked(db: Database) -> None:
    keep(
        db,
        promise("prm_1", 1, customer="northwind", ref="SO-1", lines=(line("a", 1), line("ab", 2, 1))),
        promise("prm_2", 2, customer="northwind", ref="SO-2", state=State.held, lines=(line("ab", 1),)),
        promise("prm_3", 3, customer=None, ref="SO-1", lines=(line("b", 1),)),
    )

    assert pages(db, 2, customer="northwind") == ["prm_2", "prm_1"]
    assert pages(db, 2, state="held") == ["prm_2"]
    assert pages(db, 2, ref="SO-1") == ["prm_3", "prm_1"]
    assert pages(db, 2, item="a") == ["prm_1"]
    assert pages(db, 2, item="ab") == ["prm_2", "prm_1"]
    assert pages(db, 1, ids=["prm_1", "prm_3", "prm_x"]) == ["prm_3", "prm_1"]
    assert pages(db, 2, ids=[]) == []
    assert pages(db, 2, customer="northwind", ref="SO-1", item="a", state="committed", ids=["prm_1"]) == [
        "prm_1"
    ]


@pytest.mark.parametrize("after", ["", "x", "!!", "YQ", "MTIz%", "é"])
def test_what_is_no_cursor_is_the_callers_error(db: Database, after: str) -> None:
    with pytest.raises(InputError) as refused, db.read() as tx:
        store.promises_page(tx, after=after)

    assert refused.value.errors[0].code == "not_a_cursor"
