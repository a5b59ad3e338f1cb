"""What did it run on?"""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("litestar", "uvicorn", "uvloop", "httptools", "msgspec", "sqlalchemy", "psycopg", "pysqlite3")


def described() -> dict[str, str]:
    """The machine, what else it was doing, and the versions that bear on speed."""
    one, five, _ = os.getloadavg()
    found = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load when it began": f"{one:.1f} over one minute, {five:.1f} over five",
        "Python": platform.python_version(),
        "commit": _commit(),
    }
    return found | {name: version(name) for name in _LIBRARIES}


def load_now() -> float:
    """How many processes wanted the processor in the last minute, on average."""
    return os.getloadavg()[0]


def busy_seconds() -> float | None:
    """Time that all processors together have worked since the machine started; None where the system does not tell."""
    try:
        with Path("/proc/stat").open() as file:
            user, nice, system, _idle, _wait, irq, softirq, *_ = (int(n) for n in file.readline().split()[1:])
    except FileNotFoundError:
        return None
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """The commit that was measured, with a word when files differ from it; empty outside of a repository."""
    try:
        name = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "src", "bench"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""
    return name.stdout.strip() + (" with changes" if changed.stdout.strip() else "")
