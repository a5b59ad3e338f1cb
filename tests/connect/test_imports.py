"""An import is tried, let in at once, goes on where it was killed, and is taken back; what it does to promises is foreseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from accord.connect import service, store
from accord.connect.files import translate as files
from accord.connect.files.rejected import as_csv, harmless
from accord.connect.model import Change, Kind, Rejected, RunState, Setup
from accord.connect.service import bringing, switch
from accord.connect.service.packed import pack, unpack
from accord.db import tx as db_tx
from accord.db.engine import Database
from accord.exceptions import service as exceptions
from accord.exceptions.decide.undo import UndoRefused
from accord.exceptions.model import Counted, ReceiptArrived, ReceiptStated
from accord.kit.days import Day, iso
from accord.kit.errors import AccordError, Conflict, InputError, RequestChanged
from accord.ledger.model import SupplyKind
from accord.ledger.service import graph
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Request, Verb

pytestmark = pytest.mark.usefixtures("noon")


def today(db: Database) -> Day:
    with db.read() as tx:
        return date(1970, 1, 1).toordinal() + tx.now() // 86_400_000_000


def put(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def bring(db: Database, folder: Path, **options: Any) -> Any:
    dry_run = options.pop("dry_run", False)
    return service.import_files(
        db, [folder], dry_run=dry_run, actor="tests", options=service.Options(**options)
    )


def commit(db: Database, id: str, quantity: int, days: int, customer: str | None = None) -> str:
    line = Line(item="P", quantity=quantity, requested_on=today(db) + days)
    (answer,) = promises.promise(
        db, [Request(id=id, verb=Verb.commit, customer=customer, lines=(line,), ref=id)], actor="tests"
    )
    assert isinstance(answer, Decision)
    assert answer.promise is not None
    return answer.promise


def state_of(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is in force, without the versions that brought it."""
    with db.read() as tx:
        return {
            "supply": tx.rows(
                "SELECT key, id, kind, quantity, due_on, ref, as_of FROM ledger_supply WHERE version_to IS NULL ORDER BY key, id"
            ),
            "draw": tx.rows(
                "SELECT key, id, quantity FROM ledger_draw WHERE version_to IS NULL ORDER BY key, id"
            ),
            "records": [
                (kind, id, bytes(body))
                for kind, id, body in tx.rows(
                    "SELECT kind, id, body FROM ledger_record WHERE version_to IS NULL ORDER BY kind, id"
                )
            ],
            "policy": [
                (kind, id, bytes(body))
                for kind, id, body in tx.rows(
                    "SELECT kind, id, body FROM policy_record WHERE version_to IS NULL ORDER BY kind, id"
                )
            ],
            "lines": tx.rows("SELECT source, id, state FROM open_line ORDER BY source, id"),
        }


BASICS = {
    "items": "id,cost\nP,5\nQ,7\n",
    "sites": "id\noslo\n",
    "customers": "id,name\nN,Northwind\n",
    "on_hand": "item,site,quantity\nP,oslo,10\n",
}


@pytest.fixture
def basics(db: Database, tmp_path: Path) -> Database:
    bring(db, put(tmp_path / "basics", **BASICS))
    return db


# --- dry run ---


def test_a_dry_run_names_the_promises_that_would_become_uncovered_and_locks_nothing(
    basics: Database, tmp_path: Path
) -> None:
    first, second = commit(basics, "r1", 6, 2, "N"), commit(basics, "r2", 3, 5, "N")
    less = put(tmp_path / "less", on_hand="item,site,quantity\nP,oslo,7\n")
    before = state_of(basics)

    with basics.write():  # somebody else holds the writer's lock
        would = bring(basics, less, dry_run=True)

    assert state_of(basics) == before
    assert would.made == {"count": Change(changed=1)}
    assert would.effects.sentence == "1 promise would become uncovered."
    (one,) = would.effects.uncovered
    assert (one.promise, one.ref, one.customer, one.line) == (second, "r2", "N", 0)
    assert (one.item, one.site, one.quantity, one.short, one.days) == (
        "P",
        "oslo",
        3,
        2,
        one.ship_on - today(basics),
    )
    did = bring(basics, less)
    assert (did.opened, did.closed) == (1, 0)
    assert {row.commitment for row in exceptions.open_exceptions(basics)[0]} == {one.commitment}
    assert first != second


def test_a_dry_run_names_what_would_be_covered_again_and_orders_it_brings_itself(
    basics: Database, tmp_path: Path
) -> None:
    promise = commit(basics, "r1", 8, 2)
    bring(basics, put(tmp_path / "less", on_hand="item,site,quantity\nP,oslo,5\n"))
    day = iso(today(basics) + 9)

    would = bring(
        basics,
        put(
            tmp_path / "more",
            on_hand="item,site,quantity\nP,oslo,9\n",
            commitments=f"ref,item,site,quantity,requested_on,promised_on,customer\nOLD,P,oslo,3,{day},{day},N\n",
        ),
        dry_run=True,
    )

    assert [one.promise for one in would.effects.covered] == [promise]
    assert [(one.ref, one.customer, one.promise, one.short) for one in would.effects.uncovered] == [
        ("OLD", "N", "", 2)
    ]
    assert would.effects.sentence == "1 promise would become uncovered, 1 would be covered again."


# --- in at once, or not at all ---


ALL = {
    "items": "id,cost\nP,6\nR,1\n",
    "customers": "id,name\nM,Meadow\n",
    "receipts": "id,item,site,quantity,due_on\nPO1,P,oslo,4,{day}\n",
    "on_hand": "item,site,quantity\nP,oslo,12\nR,oslo,2\n",
    "commitments": "ref,item,site,quantity,requested_on,promised_on\nOLD,P,oslo,3,{day},{day}\n",
    "orders": "id,item,quantity,requested_on\nSO1,P,2,{day}\nSO2,R,1,{day}\n",
}


def everything(db: Database, folder: Path) -> Path:
    day = iso(today(db) + 6)
    return put(folder, **{name: text.replace("{day}", day) for name, text in ALL.items()})


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("place", ["add_piece", "put_in", "add_lines", "change_run", "tell"])
def test_killed_anywhere_nothing_is_half_done_and_the_same_again_goes_on(
    place: str, basics: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, before = everything(basics, tmp_path / "in"), state_of(basics)
    monkeypatch.setattr("accord.connect.service.packed.PIECE", 2)
    owner: Any = {"put_in": policy, "tell": exceptions}.get(place, store)
    real, calls = getattr(owner, place), 0

    def killed(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if place == "change_run":
            is_it = kwargs.get("state") == "done"  # the last words of the switch
        else:
            is_it = calls == 3 or place in ("put_in", "tell", "add_lines")
        if is_it:
            raise Killed
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, place, killed)
        with pytest.raises(Killed):
            bring(basics, folder)

    assert state_of(basics) == before
    (left, _) = service.runs(basics)
    assert left[0].state in (RunState.staging, RunState.checked)
    again = bring(basics, folder)
    assert again.id == left[0].id
    assert (again.changed, again.lines) == (True, 2)
    assert bring(basics, folder).changed is False
    assert promises.verify(basics).findings == ()
    with basics.read() as tx:
        assert tx.rows("SELECT run FROM import_piece WHERE kind = 'rows'") == []


def test_what_is_begun_again_is_not_put_beside_the_ledger_twice(
    basics: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = everything(basics, tmp_path / "in")
    monkeypatch.setattr("accord.connect.service.packed.PIECE", 2)
    real, added = store.add_piece, list[int]()

    def add(tx: Any, run: str, kind: str, name: str, seq: int, body: bytes) -> None:
        if kind == "rows":
            added.append(seq)
        if seq == 2 and len(added) == 3:
            raise Killed
        real(tx, run, kind, name, seq, body)

    monkeypatch.setattr(store, "add_piece", add)
    with pytest.raises(Killed):
        bring(basics, folder)
    bring(basics, folder)

    assert added == [0, 1, 2, 2, 3, 4, 5]


def test_what_lies_beside_the_ledger_is_read_again_when_master_data_changed(
    basics: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "in", on_hand="item,site,quantity\nQ,oslo,4\n")
    with monkeypatch.context() as patch:
        patch.setattr(switch, "let_in", lambda *_args, **_kwargs: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            bring(basics, folder)
    bring(basics, put(tmp_path / "others", items="id,decimals\nQ,1\n"))

    bring(basics, folder)

    assert ("node:Q@oslo", 40) in [(row[0], row[3]) for row in state_of(basics)["supply"]]


def test_what_is_packed_is_the_same_when_unpacked_and_nothing_while_a_piece_is_missing(
    basics: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accord.connect.service.packed.PIECE", 3)
    with basics.read() as tx:
        found = files.translate(
            files.read([everything(basics, tmp_path / "in")], None),
            graph=graph(tx),
            book=policy.book(tx),
            now=tx.now(),
        )
    pieces = list(pack(found))

    assert len(pieces) == 4
    assert unpack(pieces) == found
    assert unpack(pieces[:-1]) is None
    assert unpack([*pieces[:2], *pieces[3:]]) is None
    assert unpack([]) is None


def test_the_same_told_in_another_file_is_counted_as_the_same(basics: Database, tmp_path: Path) -> None:
    folder = everything(basics, tmp_path / "in")
    bring(basics, folder)
    (folder / "items.csv").write_text("cost,id\n6,P\n1,R\n")

    again = bring(basics, folder, dry_run=True)

    assert {kind: (one.new, one.changed) for kind, one in again.made.items()} == dict.fromkeys(
        again.made, (0, 0)
    )
    assert again.made["receipt"] == Change(same=1)
    assert again.made["count"] == Change(same=2)


# --- taken back ---


def test_an_import_is_taken_back_and_everything_is_as_it_was(basics: Database, tmp_path: Path) -> None:
    before = state_of(basics)
    report = bring(basics, everything(basics, tmp_path / "in"))
    assert state_of(basics) != before

    done = service.undo(basics, report.id, actor="tests")
    again = service.undo(basics, report.id, actor="tests")

    assert state_of(basics) == before
    assert (done.run.state, done.changed, again.changed) == (RunState.undone, True, False)
    assert promises.verify(basics).findings == ()
    assert [seen.state.value for seen in promises.promises(basics)[0]] == ["cancelled"]
    redone = bring(basics, everything(basics, tmp_path / "in"))
    assert (redone.changed, redone.id != report.id) == (True, True)
    assert promises.verify(basics).findings == ()


def test_taking_back_is_news_promises_that_rest_on_it_get_their_exceptions(
    basics: Database, tmp_path: Path
) -> None:
    report = bring(basics, put(tmp_path / "in", on_hand="item,site,quantity\nP,oslo,30\n"))
    commit(basics, "r1", 25, 3)

    done = service.undo(basics, report.id, actor="tests")

    assert (done.opened, done.closed) == (1, 0)
    (exception,) = exceptions.open_exceptions(basics)[0]
    assert exception.short == 15
    assert promises.verify(basics).findings == ()


def tell(db: Database, *news: Any) -> None:
    exceptions.supply_changed(db, news, actor="tests", id=f"later {len(news)} {news[0]}"[:150])


def counted_since(db: Database, _day: Day) -> None:
    with db.read() as tx:
        tell(db, Counted(item="P", site="oslo", quantity=5, as_of=tx.now()))


def arrived_since(db: Database, _day: Day) -> None:
    with db.read() as tx:
        tell(db, ReceiptArrived(item="P", site="oslo", id="PO1", quantity=4, at=tx.now()))


def changed_since(db: Database, day: Day) -> None:
    tell(
        db,
        ReceiptStated(
            item="P", site="oslo", id="PO1", kind=SupplyKind.purchase, quantity=5, due_on=day, ref="PO1"
        ),
    )


def promised_since(db: Database, _day: Day) -> None:
    service.promise_open(db, actor="tests")


def stocked_since(db: Database, day: Day) -> None:
    tell(db, ReceiptStated(item="R", site="oslo", id="PO9", kind=SupplyKind.purchase, quantity=5, due_on=day))


def sold_since(db: Database, _day: Day) -> None:
    commit(db, "later", 1, 3, "M")


def restated_since(db: Database, _day: Day) -> None:
    from accord.exceptions.model import MasterStated
    from accord.ledger.model import Item

    tell(db, MasterStated(record=Item(id="R", name="another")))


def repriced_since(db: Database, _day: Day) -> None:
    from accord.policy.model import Customer

    policy.put(db, [Customer(id="M", name="Another")], actor="tests", id="later")


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (counted_since, "the stock of P at oslo was counted or moved since"),
        (arrived_since, "receipt PO1 of P at oslo arrived or ended since"),
        (changed_since, "receipt PO1 of P at oslo was stated anew since"),
        (promised_since, "order line SO1 was decided since (in full)"),
        (stocked_since, "item R has stock, receipts or promises of its own since (R at oslo)"),
        (sold_since, "customer M was promised something since"),
        (restated_since, "item R was stated anew since"),
        (repriced_since, "customer M was stated anew since"),
    ],
)
def test_what_later_facts_build_on_is_not_taken_back_and_they_are_named(
    later: Callable[[Database, Day], None], why: str, basics: Database, tmp_path: Path
) -> None:
    report = bring(basics, everything(basics, tmp_path / "in"))
    later(basics, today(basics) + 8)
    before = state_of(basics)

    with pytest.raises(UndoRefused) as error:
        service.undo(basics, report.id, actor="tests")

    facts: Any = error.value.extra["facts"]
    assert why in facts
    assert error.value.status == 409
    assert state_of(basics) == before
    assert service.run(basics, report.id).state is RunState.done
    assert promises.verify(basics).findings == ()


def test_after_a_day_an_import_stays(
    basics: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if basics.dialect != "sqlite":
        pytest.skip("the server's clock is not ours to set")
    report = bring(basics, put(tmp_path / "in", items="id\nZ\n"))
    assert service.run(basics, report.id).undo_until is not None
    later = db_tx.wall_clock() + 86_400_000_001
    monkeypatch.setattr(db_tx, "wall_clock", lambda: later)

    with pytest.raises(UndoRefused, match="more than 24 hours ago"):
        service.undo(basics, report.id, actor="tests")

    assert service.run(basics, report.id).undo_until is None


# --- sources ---


def test_what_was_said_of_a_source_is_remembered_and_what_was_skipped_is_not(
    basics: Database, tmp_path: Path
) -> None:
    one = put(
        tmp_path / "one",
        receipts="id,item,site,quantity,due_on\nA,P,oslo,1,03/04/2030\nB,X,oslo,1,05/04/2030\n",
    )
    say = {"dates:receipts.csv:due_on": "%d/%m/%Y", "unknown_item:X": "map P"}
    bring(basics, one, source="erp", say=say)
    two = put(tmp_path / "two", receipts="id,item,site,quantity,due_on\nC,X,oslo,1,06/07/2030\n")

    report = bring(basics, two, source="erp")

    assert report.made == {"receipt": Change(new=1)}
    assert [(f.reading, f.evidence) for f in report.findings if f.what == "dates"] == [
        ("%d/%m/%Y", "you said so")
    ]
    with pytest.raises(InputError, match=r"6 July 2030 .* or 7 June 2030"):
        bring(
            basics,
            put(tmp_path / "three", receipts="id,item,site,quantity,due_on\nD,P,oslo,1,06/07/2030\n"),
            source="other",
        )
    skipped = put(tmp_path / "four", on_hand="item,site,quantity\nP,oslo,1\nY,oslo,1\n")
    assert bring(basics, skipped, source="erp", say={"unknown_item:Y": "skip"}).rejected == 1
    (tmp_path / "four" / "on_hand.csv").write_text("item,site,quantity\nP,oslo,2\nY,oslo,1\n")
    with pytest.raises(InputError, match="unknown item 'Y'"):
        bring(basics, skipped, source="erp")


def test_what_a_full_export_does_not_name_any_more_is_listed_and_ends_only_when_asked(
    basics: Database, tmp_path: Path
) -> None:
    bring(basics, put(tmp_path / "one", items="id\nA\nB\nC\n"), source="erp")
    less = put(tmp_path / "two", items="id\nA\n")

    listed = bring(basics, less, source="erp")
    ended = bring(basics, less, source="erp", full=True)

    assert listed.vanished == ("item B", "item C")
    assert [(note.count, note.examples) for note in listed.notes if note.kind is Kind.vanished] == [
        (2, ("B", "C"))
    ]
    assert ended.vanished == ("item B", "item C")
    with basics.read() as tx:
        assert sorted(graph(tx).items) == ["A", "P", "Q"]
    service.undo(basics, ended.id, actor="tests")
    with basics.read() as tx:
        assert sorted(graph(tx).items) == ["A", "B", "C", "P", "Q"]


# --- step by step ---


def test_an_import_step_by_step_needs_somebody_and_comes_in(basics: Database) -> None:
    given = {
        "r.csv": b"id,item,site,quantity,due_on\nA,P,oslo,1,03/04/2030\nB,P,oslo,1,04/05/2030\n",
        "s.csv": b"item,site,quantity\nP,oslo,7\nX,oslo,1\n",
    }
    before = state_of(basics)

    put_in, _ = service.put_files(basics, given, Setup(), source="erp", actor="tests", key="k1")
    again, _ = service.put_files(basics, given, Setup(), source="erp", actor="tests", key="k1")
    with pytest.raises(RequestChanged):
        service.put_files(basics, {"s.csv": b"id\n1\n"}, Setup(), source="erp", actor="tests", key="k1")
    assert (again.id, put_in.state) == (put_in.id, RunState.needs_you)
    assert put_in.problem is not None
    problems: Any = put_in.problem
    assert [one["id"] for one in problems["questions"]] == ["dates:r.csv:due_on"]
    assert [row.row for row in service.rejected_rows(basics, put_in.id)] == [3, 2, 3]
    with pytest.raises(Conflict, match="needs you"):
        service.commit(basics, put_in.id, actor="tests")

    say = {"dates": "%d/%m/%Y", "unknown_item:X": "skip"}
    checked = service.check(basics, put_in.id, say=say)
    effects = service.dry_run(basics, put_in.id)
    assert state_of(basics) == before
    done = service.commit(basics, put_in.id, actor="tests")
    twice = service.commit(basics, put_in.id, actor="tests")

    assert checked.state is RunState.checked
    assert checked.report is not None
    assert checked.report.made == {"count": Change(changed=1), "receipt": Change(new=2)}
    assert effects.sentence == "No promise would be touched."
    assert (done.state, twice) == (RunState.done, done)
    assert [(row.file, row.row) for row in service.rejected_rows(basics, put_in.id)] == [("s.csv", 3)]
    same, _ = service.put_files(basics, given, Setup(say=say), source="erp", actor="tests", key="k2")
    assert same.problem is not None
    assert put_in.id in str(same.problem["detail"])
    assert service.undo(basics, put_in.id, actor="tests").changed
    assert state_of(basics) == before


def test_files_that_never_came_in_are_forgotten_after_a_week(
    basics: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if basics.dialect != "sqlite":
        pytest.skip("the server's clock is not ours to set")
    put_in, _ = service.put_files(basics, {"s.csv": b"no\n"}, Setup(), source=None, actor="tests", key="k1")
    later = db_tx.wall_clock() + 8 * 86_400_000_000

    assert service.tidy(basics) == 0
    monkeypatch.setattr(db_tx, "wall_clock", lambda: later)
    assert service.tidy(basics) == 1
    assert service.run(basics, put_in.id).state is RunState.undone
    with basics.read() as tx:
        assert tx.rows("SELECT kind FROM import_piece WHERE run = :run", run=put_in.id) == []


# --- rows given back ---


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("-5", "-5"),
        ("+1.234,5", "+1.234,5"),
        ("a=1", "a=1"),
    ],
)
def test_nothing_that_is_given_back_is_a_formula(cell: str, shown: str) -> None:
    assert harmless(cell) == shown
    row = Rejected(file="=f", row=2, column="c", code="x", why=cell, cells={"=h": cell})
    header, body, _ = as_csv([row]).split("\r\n")
    assert header.split(",")[-1] == "'=h"
    assert body.startswith("'=f,2,c,")


def test_reports_are_json(basics: Database, tmp_path: Path) -> None:
    report = bring(basics, put(tmp_path / "in", on_hand="item,site,quantity\nP,oslo,7\n"), dry_run=True)

    assert json.loads(msgspec.json.encode(report))["effects"]["uncovered"] == []


def test_files_and_services_know_each_other() -> None:
    assert bringing.Options().say == {}
    assert issubclass(UndoRefused, AccordError)


# --- the same again ---


def test_what_other_news_has_changed_since_is_offered_again_and_never_reverted_in_silence(
    basics: Database, tmp_path: Path
) -> None:
    a = put(tmp_path / "a", on_hand="item,site,quantity\nP,oslo,7\nQ,oslo,1\n")
    b = put(tmp_path / "b", on_hand="item,site,quantity\nP,oslo,9\n")
    first = bring(basics, a)
    at_once = bring(basics, a)
    bring(basics, b)
    between = state_of(basics)["supply"]

    told = bring(basics, a)
    unchanged = state_of(basics)["supply"]
    would = bring(basics, a, again=True, dry_run=True)
    anew = bring(basics, a, again=True)
    twice = bring(basics, a, again=True)

    assert (at_once.changed, at_once.overtaken) == (False, 0)
    assert (told.changed, told.overtaken, told.id, unchanged) == (False, 1, first.id, between)
    assert would.made == anew.made == {"count": Change(changed=1, same=1)}
    assert (anew.changed, anew.id != first.id) == (True, True)
    assert (twice.changed, twice.overtaken, twice.id) == (False, 0, anew.id)
    assert [(row[0], row[3]) for row in state_of(basics)["supply"]] == [
        ("node:P@oslo", 7),
        ("node:Q@oslo", 1),
    ]


def test_step_by_step_the_same_again_says_how_much_would_change_and_comes_in_when_asked(
    basics: Database,
) -> None:
    def put_in(quantity: int, key: str) -> Any:
        body = f"item,site,quantity\nP,oslo,{quantity}\n".encode()
        return service.put_files(basics, {"s.csv": body}, Setup(), source="erp", actor="t", key=key)[0]

    first = service.commit(basics, put_in(7, "k1").id, actor="t")
    same = put_in(7, "k2")
    service.commit(basics, put_in(9, "k3").id, actor="t")
    overtaken = put_in(7, "k4")
    again = service.check(basics, overtaken.id, again=True)
    done = service.commit(basics, overtaken.id, actor="t")

    assert same.problem is not None
    assert overtaken.problem is not None
    assert (same.problem["code"], same.problem["would_change"]) == ("came_in_before", 0)
    assert (overtaken.problem["import"], overtaken.problem["would_change"]) == (first.id, 1)
    assert (again.state, done.state) == (RunState.checked, RunState.done)
    assert [(row[0], row[3]) for row in state_of(basics)["supply"]] == [("node:P@oslo", 7)]
