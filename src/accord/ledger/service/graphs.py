"""Which master data is in force? Read once a version and kept by the process, for each database."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence, ValuesView
from weakref import WeakKeyDictionary

from accord.db.engine import Database
from accord.db.tx import Tx
from accord.kit.days import Instant
from accord.kit.errors import FieldError, InputError
from accord.ledger import store
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.records import check, from_record, kind_name, to_body
from accord.ledger.model import Item, Record

HEAD = store.GRAPH  # what the version of the master data is called among the settings
_KEPT_MAX = 4
_kept: WeakKeyDictionary[Database, dict[int, Graph]] = WeakKeyDictionary()
_lock = threading.Lock()


def graph(tx: Tx) -> Graph:
    """The graph in force."""
    return graph_at(tx, store.graph_version(tx))


def graph_at(tx: Tx, version: int) -> Graph:
    """The graph as it was at a version."""
    with _lock:
        found = _kept.setdefault(tx.database, {}).get(version)
    if found is None:
        found = _read(tx, version)
        with _lock:
            kept = _kept.setdefault(tx.database, {})
            while len(kept) >= _KEPT_MAX:
                del kept[next(iter(kept))]
            kept[version] = found
    return found


def _read(tx: Tx, version: int) -> Graph:
    records = [from_record(kind, body) for kind, _id, body in store.records(tx, version)]
    return Graph(version, records, _costs(tx, version))


def _costs(tx: Tx, version: int) -> dict[str, tuple[tuple[Instant, int], ...]]:
    """How the costs of items went that were ever stated anew: as of when each cost was confirmed, or else stated."""
    found: dict[str, list[tuple[Instant, int]]] = {}
    for stated_at, body in store.item_history(tx, version):
        item = from_record("item", body)
        assert isinstance(item, Item)
        steps = found.setdefault(item.id, [])
        if not steps or steps[-1][1] != item.cost_minor:
            steps.append((item.cost_at if item.cost_at is not None else stated_at, item.cost_minor))
    return {id: tuple(steps) for id, steps in found.items() if len(steps) > 1}


def state_records(tx: Tx, stated: Sequence[Record], ended: Sequence[tuple[str, str]]) -> Graph:
    """State master data, new or changed, and end what is named by (kind, id); the graph in force afterwards.

    Raises: InputError naming what cannot be used; nothing is changed then.
    """
    _stated(tx, stated, ended)
    store.put_records(tx, [(kind_name(r), r.id, to_body(r)) for r in stated], list(ended))
    # Not kept: should this transaction be lost, another one makes the same version of something else.
    return _read(tx, store.graph_version(tx))


def foreseen(tx: Tx, stated: Sequence[Record], ended: Sequence[tuple[str, str]]) -> Graph:
    """The graph that `state_records` would bring; nothing is written. Raises: InputError as it would."""
    version = store.graph_version(tx)
    return Graph(version + 1, list(_stated(tx, stated, ended)), _costs(tx, version))


def _stated(tx: Tx, stated: Sequence[Record], ended: Sequence[tuple[str, str]]) -> ValuesView[Record]:
    version = store.graph_version(tx)
    now = {(kind, id): from_record(kind, body) for kind, id, body in store.records(tx, version)}
    for gone in ended:
        if now.pop(gone, None) is None:
            raise InputError.at("/ends", "unknown", f"There is no {gone[0]} {gone[1]} to end; check its id.")
    now.update({(kind_name(record), record.id): record for record in stated})
    errors = [*check(now.values()), *_scales(tx, stated)]
    if errors:
        count = len(errors)
        raise InputError(
            f"{count} {'thing' if count == 1 else 'things'} in the master data cannot be used. {errors[0].detail}",
            errors=errors,
        )
    return now.values()


def reversal(tx: Tx, before: int, after: int) -> tuple[list[Record], list[tuple[str, str]]]:
    """What must be stated and ended so that master data is as it was at a version before another."""
    if before == after:
        return [], []
    was = {(kind, id): body for kind, id, body in store.records(tx, before)}
    then = {(kind, id): body for kind, id, body in store.records(tx, after)}
    stated = [from_record(kind, body) for kind, body in _differing(was, then)]
    return stated, sorted(name for name in then if name not in was)


def restated_since(tx: Tx, before: int, after: int) -> list[str]:
    """Which of the master data that changed between two versions was changed again after them, in words."""
    if before == after:
        return []
    was = {(kind, id): body for kind, id, body in store.records(tx, before)}
    then = {(kind, id): body for kind, id, body in store.records(tx, after)}
    now = {(kind, id): body for kind, id, body in store.records(tx, store.graph_version(tx))}
    touched = sorted(name for name in {*was, *then} if was.get(name) != then.get(name))
    return [
        f"{name[0]} {name[1]} was {'ended' if name not in now else 'stated anew'} since"
        for name in touched
        if now.get(name) != then.get(name)
    ]


def _differing(
    was: Mapping[tuple[str, str], bytes], then: Mapping[tuple[str, str], bytes]
) -> list[tuple[str, bytes]]:
    return [(name[0], body) for name, body in sorted(was.items()) if then.get(name) != body]


def _scales(tx: Tx, stated: Sequence[Record]) -> list[FieldError]:
    """Items whose quantities would mean something else from now on: supply and promises are kept in base units."""
    items = {one.id: one for one in stated if isinstance(one, Item)}
    before = {id: from_record("item", body) for id, body in store.items_last_stated(tx, list(items)).items()}
    other = [id for id, was in before.items() if isinstance(was, Item) and was.scale != items[id].scale]
    found = []
    for id in sorted(store.items_in_use(tx, other)):
        was = before[id]
        assert isinstance(was, Item)
        detail = (
            f"{id} has supply or promises in 1/{was.scale} {was.unit}; in 1/{items[id].scale} they would be other quantities."
            " Leave the scale, or give the item a new id."
        )
        found.append(FieldError(f"/item/{id}/scale", "scale_in_use", detail))
    return found


def version(tx: Tx) -> int:
    """The version of the master data in force."""
    return store.graph_version(tx)
