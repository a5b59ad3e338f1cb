"""The inventory module of Medusa: a reservation, checked against the stock, behind a bare HTTP door of Node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.peers import environments, programs
from bench.peers.caller import Order, message
from bench.peers.environments import Absent

NAME = "Medusa's inventory module"
VERSION = "2.21.2"
DOOR = "a bare HTTP server of Node: createReservationItems, no workflow, no order"
_PINS = {f"@medusajs/{name}": VERSION for name in ("inventory", "framework", "modules-sdk")}


@contextmanager
def started(server_url: str, items: int, folder: Path) -> Iterator[tuple[int, Callable[[], Order]]]:
    """Its door with items in it: the port, and how an order is placed. Raises: Absent."""
    home = environments.node("medusa", _PINS)
    name = f"bench_medusa_{folder.name.replace('-', '_').lower()}"
    with programs.database(server_url, name) as url:
        door = programs.DOORS / "medusa_door.mjs"
        command = ["node", str(door), url, str(items)]
        surroundings = environments.clean_surroundings(NODE_ENV="production")
        with programs.running(
            command, folder=home, surroundings=surroundings, log=folder / "medusa.log"
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("DOOR "):
                    found = json.loads(line.removeprefix("DOOR "))
                    yield found["port"], _orders(found["port"], found["items"])
                    return
            raise Absent("its door did not open")


def _orders(port: int, items: list[str]) -> Callable[[], Order]:
    numbers = count()

    def order() -> Order:
        n = next(numbers)
        asked = {"item": items[n * 7 % len(items)], "quantity": 1 + n % 5, "line": f"line-{n}"}
        answer = yield message(port, "/reservations", json.dumps(asked).encode())
        return answer.status == 201

    return order
