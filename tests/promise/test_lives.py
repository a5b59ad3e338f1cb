"""What a batch reads of the promises it is about: together, once, and again only what may be different by then."""

from __future__ import annotations

import pytest

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.exceptions.model import Counted, MasterStated
from accord.exceptions.service import supply_changed
from accord.ledger.model import Input, Item, Operation, Site, State, node_key
from accord.ledger.service import reads
from accord.promise import service
from accord.promise.model import Decision, Line, Request, Verb, Verdict

pytestmark = pytest.mark.usefixtures("noon")

RECORDS = (
    Item(id="pump", name="Pump"),
    Item(id="motor", name="Motor"),
    Site(id="Halden", name="Halden"),
    Operation(id="make", item="pump", site="Halden", inputs=(Input(item="motor", quantity=1),), lot_min=10),
)


@pytest.fixture
def today(db: Database) -> int:
    """A hundred pumps and a hundred motors at Halden; today's day there."""
    supply_changed(db, [MasterStated(record=record) for record in RECORDS], actor="erp", id="masters")
    counts = [Counted(item=item, site="Halden", quantity=100, as_of=1) for item in ("pump", "motor")]
    supply_changed(db, counts, actor="erp", id="counts")
    with db.read() as tx:
        return reads.node(tx, "pump", "Halden").today


def new(id: str, quantity: int, on: int, verb: Verb = Verb.hold) -> Request:
    return Request(id=id, verb=verb, lines=(Line(item="pump", quantity=quantity, requested_on=on),))


def about(id: str, verb: str, promise: str | None) -> Request:
    return Request(id=id, verb=Verb(verb), promise=promise)


def do(db: Database, *requests: Request) -> list[Decision]:
    answers = service.promise(db, requests, actor="sales")
    for answer in answers:
        assert isinstance(answer, Decision), answer
    return answers  # type: ignore[return-value]


def sound(db: Database) -> None:
    assert service.verify(db).findings == ()
    assert [one for one in service.replay_all(db) if not one.same] == []


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reads, from now on."""
    said: list[str] = []
    real = Tx.rows

    def rows(tx: Tx, sql: str, **params: object) -> list[tuple[object, ...]]:
        said.append(sql)
        return real(tx, sql, **params)

    monkeypatch.setattr(Tx, "rows", rows)
    return said


def test_many_promises_are_read_in_as_many_statements_as_two(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = do(db, *[new(f"h{n}", 1, today) for n in range(12)])
    do(db, about("warm", "commit", held[11].promise))
    said = counted(monkeypatch)

    do(db, *[about(f"two{n}", "commit", held[n].promise) for n in range(2)])
    two = len(said)
    said.clear()
    do(db, *[about(f"nine{n}", "commit", held[n].promise) for n in range(2, 11)])

    assert len(said) == two
    monkeypatch.undo()
    sound(db)


def test_a_promise_without_receipts_is_changed_without_reading_its_neighbours(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    [held, *_] = do(db, *[new(f"h{n}", 1, today) for n in range(5)])
    said = counted(monkeypatch)

    do(db, about("c", "commit", held.promise))

    assert [sql for sql in said if "ledger_commitment" in sql and "WHERE key = ANY" in sql] == []
    assert [sql for sql in said if "ledger_commitment" in sql and "WHERE key IN" in sql] == []
    monkeypatch.undo()
    sound(db)


def test_several_requests_about_one_promise_see_what_the_one_before_did(db: Database, today: int) -> None:
    [held] = do(db, new("h", 7, today))

    committed, again, cancelled, too_late = do(
        db,
        about("a", "commit", held.promise),
        about("b", "commit", held.promise),
        about("c", "cancel", held.promise),
        about("d", "cancel", held.promise),
    )

    assert (committed.verdict, committed.refusals) == (Verdict.yes, ())
    assert again.refusals[0].value == "promise_is_not_a_hold"
    assert cancelled.verdict is Verdict.done
    assert too_late.refusals[0].value == "promise_is_not_open"
    assert service.promise_of(db, held.promise or "").state is State.cancelled
    sound(db)


def test_a_promise_with_receipts_of_its_own_knows_who_lives_on_them(db: Database, today: int) -> None:
    made, lives_on_it = do(db, new("m", 101, today + 9), new("l", 5, today + 9))
    assert [make.quantity for make in made.options[0].makes] == [10]

    cancelled, shrunk = do(
        db,
        about("c", "release", made.promise),
        Request(
            id="s", verb=Verb.amend, promise=lives_on_it.promise,
            lines=(Line(item="pump", quantity=4, requested_on=today + 9),),
        ),
    )  # fmt: skip

    assert cancelled.verdict is Verdict.done
    assert shrunk.chosen is not None
    with db.read() as tx:
        assert reads.available(tx, "pump", "Halden", today + 9) == 96
        assert reads.draws_of(tx, [made.promise or ""]) == []
        assert {key for key, _ in shrunk.reads} >= {node_key("pump", "Halden")}
    sound(db)


def test_a_hold_that_ran_out_is_seen_so_by_a_batch_that_is_about_it(
    db: Database, today: int, noon: object
) -> None:
    first, second = do(db, new("a", 60, today), new("b", 40, today))
    noon(3 * 86_400)  # type: ignore[operator]

    refused, other = do(db, about("x", "commit", first.promise), about("y", "commit", second.promise))

    assert [refused.refusals[0].value, other.refusals[0].value] == ["hold_expired", "hold_expired"]
    assert service.promise_of(db, first.promise or "").state is State.expired
    sound(db)


def test_what_only_the_second_lane_can_answer_waits_for_the_disk_once(
    db: Database, today: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[Database] = []
    real = Database._commit

    def commit(own: Database, connection: object) -> None:
        commits.append(own)
        real(own, connection)  # type: ignore[arg-type]

    monkeypatch.setattr(Database, "_commit", commit)

    [made] = do(db, new("m", 101, today + 9, Verb.commit))

    assert [make.quantity for make in made.options[0].makes] == [10]
    assert len(commits) == 1
    monkeypatch.undo()
    assert do(db, new("m", 101, today + 9, Verb.commit)) == [made]
    sound(db)
