"""Peers are called as we are, and one that cannot be had is said to be so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bench.callers import NotPromised
from bench.measure import TINY
from bench.peers import caller, environments, medusa, oscar, tryton
from bench.peers.caller import Order
from bench.sections import Run


class Shop(BaseHTTPRequestHandler):
    """Says yes to everything but more than a hundred; counts connections."""

    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.dumps({"token": self.headers.get("X-Token"), "step": asked["step"]}).encode()
        self.send_response(201 if asked["quantity"] <= 100 else 409)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_words: object) -> None:
        pass


class ClosingShop(Shop):
    protocol_version = "HTTP/1.0"


class KeepingShop(Shop):
    protocol_version = "HTTP/1.1"


@pytest.fixture(params=[ClosingShop, KeepingShop])
def shop(request: pytest.FixtureRequest) -> Iterator[tuple[type[Shop], int]]:
    kind: type[Shop] = request.param
    kind.connections = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield kind, server.server_address[1]
        server.shutdown()
        thread.join()


def order(port: int, quantity: int, seen: list[object]) -> Order:
    """An order of two requests."""
    for step in (1, 2):
        body = json.dumps({"step": step, "quantity": quantity}).encode()
        answer = yield caller.message(port, "/orders", body, X_Token="mine")
        seen.append(json.loads(answer.body))
        if answer.status != 201:
            return False
    return True


def test_an_order_may_take_several_requests_on_connections_that_close_or_stay(
    shop: tuple[type[Shop], int],
) -> None:
    kind, port = shop
    seen: list[object] = []

    taken = caller.call(port, lambda: order(port, 5, seen), clients=3, seconds=0.05)

    assert taken.count >= 3
    assert len(seen) == 2 * taken.count
    assert seen.count({"token": "mine", "step": 1}) == seen.count({"token": "mine", "step": 2})
    assert kind.connections == (len(seen) if kind is ClosingShop else 3)


def test_an_order_that_is_not_promised_is_no_measurement(shop: tuple[type[Shop], int]) -> None:
    _, port = shop

    with pytest.raises(NotPromised, match="an order was not promised: 409"):
        caller.call(port, lambda: order(port, 101, []), clients=2, seconds=0.05)


def test_without_node_what_runs_on_it_is_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(environments.Absent, match="no Node on this machine"),
        medusa.started("postgresql://nobody@127.0.0.1:1/none", 1, tmp_path),
    ):
        pass


@pytest.mark.slow
def test_what_cannot_be_installed_is_absent_and_not_taken_for_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)

    with pytest.raises(environments.Absent, match="could not be installed"):
        environments.python("shop", [str(tmp_path / "no-such-0-py3-none-any.whl")])

    assert (tmp_path / "shop" / "bin" / "python").exists()
    assert not (tmp_path / "shop" / "made").exists()


def test_what_was_made_at_these_versions_is_used_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "made").write_text("one==1\ntwo==2")
    before = sorted(tmp_path.rglob("*"))

    assert environments.python("shop", ["one==1", "two==2"]) == tmp_path / "shop"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_peer_that_is_absent_is_not_measured() -> None:
    run = Run(TINY, lambda _words: None)

    with run.section("peers", "postgresql"):
        raise environments.Absent("there is no Node on this machine")

    assert [(one.section, one.why) for one in run.missing] == [
        ("peers", "Absent: there is no Node on this machine")
    ]


@pytest.mark.parametrize("peer", [tryton, oscar])
def test_every_package_of_a_peer_is_pinned(peer: object) -> None:
    pins: tuple[str, ...] = peer._PINS  # type: ignore[attr-defined]

    assert all(pin.count("==") == 1 for pin in pins)
    assert len({pin.partition("==")[0] for pin in pins}) == len(pins)
