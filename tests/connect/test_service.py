"""Imports and open lines through the real services, on both databases."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accord.connect import service, store
from accord.connect.model import Change, Kind
from accord.connect.service import promising
from accord.db.engine import Database
from accord.kit.days import Day, iso
from accord.kit.errors import AccordError, InputError, Unavailable
from accord.ledger.service import graph
from accord.policy import service as policy
from accord.promise import service as promises
from accord.promise.model import Decision, Line, Promise, Request, Verb

DAY = 86_400


def today(db: Database) -> Day:
    with db.read() as tx:
        return date(1970, 1, 1).toordinal() + tx.now() // 86_400_000_000


def ahead(db: Database, days: int) -> str:
    return f"{iso(today(db) + days)} 00:00:00"


def model_of(db: Database, *demands: dict[str, Any]) -> list[dict[str, Any]]:
    """Ten on hand of an item that comes from a supplier in a week."""
    rows: list[tuple[str, dict[str, Any]]] = [
        ("item", {"name": "pump", "cost": 5}),
        ("location", {"name": "oslo"}),
        ("customer", {"name": "Northwind"}),
        ("buffer", {"item": "pump", "location": "oslo", "onhand": 10}),
        ("itemsupplier", {"item": "pump", "supplier": "S", "location": "oslo", "leadtime": 7 * DAY}),
    ]
    rows += [
        ("demand", {"item": "pump", "location": "oslo", "customer": "Northwind", **demand})
        for demand in demands
    ]
    return [{"model": f"input.{model}", "fields": fields} for model, fields in rows]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_bytes(gzip.compress(json.dumps(rows).encode()))
    return path


def bring_in(db: Database, path: Path, *, reopen: bool = False) -> Any:
    return service.import_frepple(db, path, reopen=reopen, actor="tests")


def states(db: Database) -> dict[str, tuple[str, str | None]]:
    with db.read() as tx:
        rows = tx.rows("SELECT id, state, reason FROM open_line ORDER BY id")
    return {id: (state, reason) for id, state, reason in rows}


def made_promises(db: Database) -> list[Promise]:
    return [seen.promise for seen in promises.promises(db)[0]]


# --- a model comes in ---


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "small.json.gz"


@pytest.mark.usefixtures("noon")
def test_a_model_comes_in_once_and_waits_to_be_promised(db: Database, path: Path) -> None:
    write(path, model_of(db, {"name": "d1", "due": ahead(db, 10), "quantity": 4}))

    first, again = bring_in(db, path), bring_in(db, path)

    assert first.changed
    assert (first.lines, first.made["open line"], first.made["item"]) == (1, Change(new=1), Change(new=1))
    assert (again.changed, again.id, again.made) == (False, first.id, first.made)
    assert service.open_lines(db) == 1
    with db.read() as tx:
        assert graph(tx).items["pump"].cost_minor == 500
        assert policy.book(tx).customers["Northwind"].early_days_max == 21


@pytest.mark.usefixtures("noon")
def test_every_line_is_promised_once_and_the_counts_add_up(db: Database, path: Path) -> None:
    demands = [
        {"name": "b", "due": ahead(db, 3), "quantity": 8, "priority": 1},
        {"name": "a", "due": ahead(db, 3), "quantity": 8, "priority": 2},
        {"name": "c", "due": ahead(db, 30), "quantity": 8, "priority": 2},
        {"name": "d", "due": ahead(db, -3), "quantity": 8, "priority": 3},
        {"name": "e", "due": ahead(db, 3), "quantity": 8, "item": "ghost", "priority": 3},
    ]
    write(path, model_of(db, *demands))
    bring_in(db, path)
    with db.read() as tx:
        order = [line.id for line in store.open_lines(tx, 10)]
    seen: list[int] = []

    done = service.promise_open(db, actor="tests", on_progress=seen.append)

    assert order == ["b", "a", "c", "d", "e"]
    assert (done.lines, done.in_full, done.later) == (5, 2, 1)
    assert done.refused == {"day_in_the_past": 1, "no_source": 1}
    assert sum(seen) == 5
    assert states(db) == {
        "a": ("later", None),
        "b": ("in_full", None),
        "c": ("in_full", None),
        "d": ("refused", "day_in_the_past"),
        "e": ("refused", "no_source"),
    }
    assert promises.verify(db).findings == ()
    again = service.promise_open(db, actor="tests")
    assert (again.lines, again.promised_before) == (0, 5)
    assert len(made_promises(db)) == 3


@pytest.mark.usefixtures("noon")
def test_a_run_that_was_killed_goes_on_without_promising_twice(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, model_of(db, *({"name": f"d{n}", "due": ahead(db, 3), "quantity": 4} for n in range(5))))
    bring_in(db, path)
    monkeypatch.setattr(promising, "TOGETHER", 2)
    settle, calls = store.settle, 0

    def killed(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        settle(*args)

    with monkeypatch.context() as patch:
        patch.setattr(store, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            service.promise_open(db, actor="tests")
    made = {promise.id for promise in made_promises(db)}

    rest = service.promise_open(db, actor="tests")

    assert len(made) == 4
    assert (rest.lines, rest.promised_before) == (3, 2)
    found = made_promises(db)
    assert len(found) == 5
    assert made < {promise.id for promise in found}


@pytest.mark.usefixtures("noon")
def test_a_busy_database_leaves_the_lines_open(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, model_of(db, {"name": "d1", "due": ahead(db, 3)}))
    bring_in(db, path)

    def busy(
        db: Database, requests: Sequence[Request], *, actor: str, patience: int
    ) -> list[Decision | AccordError]:
        return [Unavailable("busy") for _ in requests]

    with monkeypatch.context() as patch:
        patch.setattr(promises, "promise", busy)
        with pytest.raises(Unavailable):
            service.promise_open(db, actor="tests")

    assert states(db) == {"d1": ("open", None)}


@pytest.mark.usefixtures("noon")
def test_a_line_that_comes_in_changed_is_changed_while_open_and_said_when_decided(
    db: Database, path: Path, tmp_path: Path
) -> None:
    write(path, model_of(db, {"name": "d1", "due": ahead(db, 3)}, {"name": "d2", "due": ahead(db, 3)}))
    bring_in(db, path)
    write(
        path,
        model_of(db, {"name": "d1", "due": ahead(db, 3), "quantity": 2}, {"name": "d2", "due": ahead(db, 3)}),
    )
    second = bring_in(db, path)

    assert second.made["open line"] == Change(changed=1, same=1)
    service.promise_open(db, actor="tests")
    assert {promise.lines[0].quantity for promise in made_promises(db)} == {1, 2}
    write(
        path,
        model_of(db, {"name": "d1", "due": ahead(db, 3), "quantity": 3}, {"name": "d2", "due": ahead(db, 3)}),
    )
    third = bring_in(db, path)

    assert third.ignored == (
        "Order line d1 was decided before and came in again with other terms; amend its promise to change it.",
    )
    assert service.open_lines(db) == 0


@pytest.mark.usefixtures("noon")
def test_reopened_demands_lie_ahead_and_the_rules_reach_as_far(db: Database, path: Path) -> None:
    write(
        path,
        model_of(
            db,
            {"name": "d1", "due": "2014-01-06 00:00:00", "status": "closed"},
            {"name": "d2", "due": "2016-01-06 00:00:00", "status": "closed", "quantity": 1000},
        ),
    )

    report = bring_in(db, path, reopen=True)

    with db.read() as tx:
        lines, rules = store.open_lines(tx, 10), policy.book(tx).rules
    assert 28 <= lines[0].due_on - today(db) < 35
    assert lines[1].due_on - lines[0].due_on == 730
    assert rules.horizon_days == lines[1].due_on + 365 - today(db)
    assert [note.what for note in report.notes if note.kind is Kind.changed] == [
        f"every date moved by {(lines[0].due_on - date(2014, 1, 6).toordinal()) // 7} weeks",
        f"rules: promises may lie {rules.horizon_days} days ahead and go 6 levels down",
    ]
    done = service.promise_open(db, actor="tests")
    assert (done.in_full, done.later, done.refused) == (2, 0, {})


@pytest.mark.usefixtures("noon")
def test_a_model_that_cannot_be_used_leaves_nothing_behind(db: Database, path: Path) -> None:
    rows = model_of(db, {"name": "d1", "due": ahead(db, 3)})
    circle = [("make a", "pump", "b"), ("make b", "b", "pump")]
    for operation, item, component in circle:
        rows.append(
            {"model": "input.operation", "fields": {"name": operation, "item": item, "location": "oslo"}}
        )
        material = {"operation": operation, "item": component, "quantity": -1}
        rows.append({"model": "input.operationmaterial", "fields": material})
    write(path, rows)

    with pytest.raises(InputError, match="runs in a circle"):
        bring_in(db, path)

    assert service.open_lines(db) == 0
    with db.read() as tx:
        assert (graph(tx).items, policy.book(tx).customers) == ({}, {})
        assert tx.rows("SELECT id FROM import_run") == []


# --- files come in ---


def files(db: Database, *paths: Path, mapping: Path | str | None = None, dry_run: bool = False) -> Any:
    return service.import_files(db, paths, mapping, dry_run=dry_run, actor="tests")


def put(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


BASICS = {"items": "id,cost\nP,5\n", "sites": "id\noslo\n"}


@pytest.mark.usefixtures("noon")
def test_files_with_our_names_just_come_in_and_the_same_again_changes_nothing(
    db: Database, tmp_path: Path
) -> None:
    basics = put(tmp_path / "basics", **BASICS)
    stock = put(tmp_path / "stock", on_hand="item,site,quantity\nP,oslo,25\n")

    files(db, basics)
    first, again = files(db, stock), files(db, stock)

    assert (first.made, first.changed, again.changed) == ({"count": Change(new=1)}, True, False)
    (answer,) = promises.promise(
        db,
        [Request(id="r1", verb=Verb.ask, lines=(Line(item="P", quantity=25, requested_on=today(db) + 1),))],
        actor="tests",
    )
    assert isinstance(answer, Decision)
    assert answer.verdict == "yes"


@pytest.mark.usefixtures("noon")
def test_a_dry_run_says_what_would_change_and_changes_nothing(db: Database, tmp_path: Path) -> None:
    files(db, put(tmp_path / "one", **BASICS))
    second = put(tmp_path / "two", items="id,cost\nP,6\nQ,7\n", customers="id\nN\n", sites="id\noslo\n")

    would = files(db, second, dry_run=True)

    assert would.dry_run
    assert would.made == {
        "customer": Change(new=1),
        "item": Change(new=1, changed=1),
        "site": Change(same=1),
    }
    with db.read() as tx:
        assert graph(tx).items["P"].cost_minor == 500
        assert len(tx.rows("SELECT id FROM import_run")) == 1
    did = files(db, second)
    assert (did.made, did.dry_run, did.changed) == (would.made, False, True)
    with db.read() as tx:
        assert graph(tx).items["P"].cost_minor == 600


@pytest.mark.usefixtures("noon")
def test_one_bad_row_leaves_nothing_of_any_file(db: Database, tmp_path: Path) -> None:
    folder = put(tmp_path / "in", **BASICS, on_hand="item,site,quantity\nP,oslo,1\nX,oslo,1\n")

    with pytest.raises(InputError, match="unknown item 'X'"):
        files(db, folder)

    with db.read() as tx:
        assert graph(tx).items == {}
        assert tx.rows("SELECT id FROM import_run") == []


@pytest.mark.usefixtures("noon")
def test_orders_promised_elsewhere_come_in_once_and_an_uncovered_one_has_an_exception(
    db: Database, tmp_path: Path
) -> None:
    files(db, put(tmp_path / "basics", **BASICS, on_hand="item,site,quantity\nP,oslo,5\n"))
    header = "ref,item,site,quantity,requested_on,promised_on\n"
    day = iso(today(db) + 5)
    rows = f"O1,P,oslo,4,{day},{day}\n"

    first = files(db, put(tmp_path / "one", commitments=header + rows))
    second = files(db, put(tmp_path / "two", commitments=header + rows + f"O2,P,oslo,3,{day},{day}\n"))

    assert (first.opened, second.opened) == (0, 1)
    assert second.made == {"opening commitment": Change(new=1, same=1)}
    assert sorted(promise.ref for promise in made_promises(db)) == ["O1", "O2"]
    assert promises.verify(db).findings == ()


@pytest.mark.usefixtures("noon")
def test_orders_of_a_file_wait_and_are_promised(db: Database, tmp_path: Path) -> None:
    day = iso(today(db) + 5)
    tables = {
        **BASICS,
        "on_hand": "item,site,quantity\nP,oslo,5\n",
        "customers": "id\nN\n",
        "orders": f"id,item,quantity,requested_on,customer\n1,P,4,{day},N\n2,P,4,{day},N\n",
    }

    report = files(db, put(tmp_path / "in", **tables))
    done = service.promise_open(db, actor="tests")

    assert report.lines == 2
    assert (done.lines, done.in_full, done.refused) == (2, 1, {"supply_short": 1})


# --- real data ---


@pytest.mark.real_data
@pytest.mark.usefixtures("noon")
def test_a_bicycle_that_is_not_in_stock_gets_a_day_through_its_bill(
    db: Database, real_data: Callable[[str], Path]
) -> None:
    report = files(db, real_data("adventureworks_erp"), mapping="adventureworks")
    line = Line(item="BK-R93R-62", quantity=138, requested_on=today(db) + 1)

    (answer,) = promises.promise(db, [Request(id="r1", verb=Verb.ask, lines=(line,))], actor="tests")

    # 133 are on hand. Five frames take a day, five bicycles of them four more; all else of the bill is on hand.
    assert report.tallies["bills: rows read"] == 2_679
    assert isinstance(answer, Decision)
    assert (answer.verdict, answer.lines[0].quantity_on_time) == ("not_by_then", 133)
    assert answer.lines[0].on == today(db) + 5
    later = next(option for option in answer.options if option.kind == "later")
    assert [
        (make.source, make.quantity, make.starts_on - today(db), make.on - today(db), make.static_lead)
        for make in later.makes
    ] == [
        ("make:FR-R92R-62@adventureworks", 5, 0, 1, True),
        ("make:BK-R93R-62@adventureworks", 5, 1, 5, True),
    ]
    assert promises.verify(db).findings == ()


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("name", "lines", "in_full"), [("distribution_demo", 3_294, 3_294), ("manufacturing_demo", 220, None)]
)
def test_a_real_model_is_promised_line_by_line_and_nothing_is_oversold(
    name: str, lines: int, in_full: int | None, sqlite_url: str, real_data: Callable[[str], Path]
) -> None:
    from accord.db.engine import open_database
    from accord.db.migrations import upgrade

    db = open_database(sqlite_url)
    upgrade(db)

    bring_in(db, real_data(f"frepple_models/{name}.json.gz"), reopen=True)
    done = service.promise_open(db, actor="tests")

    assert done.lines == lines == done.in_full + done.later + sum(done.refused.values())
    assert in_full is None or done.in_full == in_full
    assert promises.verify(db).findings == ()
    db.close()
