"""django-oscar: a basket and an order by its own classes, behind one Django view of the bench, served by gunicorn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.peers import environments, programs
from bench.peers.caller import Order, message
from bench.peers.environments import Absent

NAME = "django-oscar"
VERSION = "4.2.1"
DOOR = "one Django view: basket, availability, OrderCreator.place_order; gunicorn, 2 processes of 4 threads"
_PINS = (
    "asgiref==3.13.0", "babel==2.18.0", "django==5.2.19", "django-extra-views==0.16.0", "django-haystack==3.4.0",
    "django-oscar==4.2.1", "django-phonenumber-field==8.5.0", "django-tables2==2.7.0", "django-treebeard==7.0.3",
    "django-widget-tweaks==1.5.1", "factory-boy==3.3.3", "faker==40.54.0", "gunicorn==27.0.1", "packaging==26.3",
    "phonenumbers==9.0.43", "pillow==13.0.0", "psycopg==3.3.9", "psycopg-binary==3.3.9", "purl==1.6",
    "six==1.17.0", "sqlparse==0.6.1", "typing-extensions==4.16.0",
)  # fmt: skip


@contextmanager
def started(server_url: str, items: int, folder: Path) -> Iterator[tuple[int, Callable[[], Order]]]:
    """Its server with products in it: the port, and how an order is placed. Raises: Absent."""
    home = environments.python("oscar", _PINS)
    name = f"bench_oscar_{folder.name.replace('-', '_').lower()}"
    with programs.database(server_url, name) as url:
        host, pg_port, user, _ = programs.parts(url)
        door = programs.DOORS / "oscar_door.py"
        surroundings = environments.clean_surroundings(
            OSCAR_DB_NAME=name, OSCAR_DB_HOST=host, OSCAR_DB_PORT=pg_port, OSCAR_DB_USER=user
        )
        made = programs.told(
            [str(home / "bin/python"), str(door), "seed", str(items)],
            "SEEDED ",
            folder=folder,
            surroundings=surroundings,
        )
        if not made:
            raise Absent("its products could not be made")
        port = programs.free_port()
        command = [str(home / "bin/gunicorn"), "--chdir", str(door.parent), "--bind", f"127.0.0.1:{port}"]
        command += [
            "--worker-class",
            "gthread",
            "--workers",
            "2",
            "--threads",
            "4",
            "--no-control-socket",
            "oscar_door:application",
        ]
        with programs.running(
            command, folder=folder, surroundings=surroundings, log=folder / "oscar.log"
        ) as process:
            programs.wait_for(port, process)
            yield port, _orders(port, made)


def _orders(port: int, items: list[int]) -> Callable[[], Order]:
    numbers = count()

    def order() -> Order:
        n = next(numbers)
        asked = {"item": items[n * 7 % len(items)], "quantity": 1 + n % 5, "line": f"order-{n}"}
        answer = yield message(port, "/orders", json.dumps(asked).encode())
        return answer.status == 201

    return order
