"""One checked, durable order, from one client and from eight, spread over items: Accord and its peers by turns.

Each answers over HTTP on the same PostgreSQL server, which keeps what it confirms. What Accord does for an order is its
whole promise: days, receipts, options, audit and outbox; what a peer does is what its door says.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import over_http
from bench.databases import Store
from bench.measure import Sample
from bench.peers import caller, medusa, oscar, tryton
from bench.peers.caller import Order, message
from bench.peers.environments import Absent
from bench.sections import Load, Run, names
from bench.world import Asker, World

SECTION = "peers"
PEERS = (tryton, oscar, medusa)
CLIENTS = (1, 8)
OURS = "Accord"
ITEMS = 200  # of a peer
SECONDS_MAX = 1_800.0  # the first time they must be installed
_REPETITIONS_MAX = 3


def measure(run: Run, store: Store, world: World) -> None:
    """Start whoever can be had, and let them take turns."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-")))
        doors: dict[str, tuple[int, Callable[[], Order]]] = {OURS: _accord(stack, store, world)}
        for peer in PEERS:
            run.say(f"  {peer.NAME} {peer.VERSION}: {peer.DOOR}")
            run.facts[peer.NAME] = f"{peer.VERSION}; {peer.DOOR}"
            try:
                doors[peer.NAME] = stack.enter_context(peer.started(store.server_url(), ITEMS, folder))
            except TimeoutError:
                raise
            except Exception as error:  # noqa: BLE001 - whoever cannot be had is not measured
                why = str(error) if isinstance(error, Absent) else f"{type(error).__name__}: {error}"
                run.lacks(
                    " ".join(why.split())[:300].replace("|", "/"), section=SECTION, engine=store.engine, way=peer.NAME
                )  # fmt: skip
        for clients in CLIENTS:
            loads = [
                Load(
                    way=name, nodes="spread",
                    measure=lambda _, seconds, port=port, order=order, clients=clients: _taken(
                        port, order, clients, seconds
                    ),
                )
                for name, (port, order) in doors.items()
            ]  # fmt: skip
            run.take_turns(
                SECTION, loads, door="http", engine=store.engine, clients=clients,
                repetitions=min(_REPETITIONS_MAX, run.counts.repetitions), seconds=run.counts.peer_seconds,
            )  # fmt: skip


def _taken(port: int, order: Callable[[], Order], clients: int, seconds: float) -> Sample:
    return caller.call(port, order, clients=clients, seconds=seconds)


def _accord(stack: ExitStack, store: Store, world: World) -> tuple[int, Callable[[], Order]]:
    server = stack.enter_context(over_http.served(store.copy()))
    asker = Asker(world, next(names), is_hot=False)

    def order() -> Order:
        id, body = asker.body()
        answer = yield message(
            server.port, "/v1/promises", body, Authorization=f"Bearer {server.secret}", Idempotency_Key=id
        )
        return answer.status == 201

    return server.port, order
