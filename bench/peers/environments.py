"""Where do peers come from? Each is installed into a folder of its own under .bench/, at versions that are written down.

Nothing of theirs comes near the environment of this project. A folder is made once and kept; other versions make it anew.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / ".bench"
_INSTALL_SECONDS = 300


class Absent(Exception):
    """A peer cannot be had on this machine; the words say why."""


def python(name: str, pins: Sequence[str]) -> Path:
    """The folder of an environment with these packages, and no others; its Python is `bin/python`. Raises: Absent."""
    home = FOLDER / name
    if _is_made(home, pins):
        return home
    shutil.rmtree(home, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(home)], name)
    _run(
        [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", *pins],
        name,
    )  # fmt: skip
    return _made(home, pins)


def node(name: str, pins: Mapping[str, str]) -> Path:
    """The folder of an environment with these packages of Node and what they need. Raises: Absent."""
    home = FOLDER / name
    known = [f"{package}@{version}" for package, version in pins.items()]
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Absent("there is no Node on this machine")
    if _is_made(home, known):
        return home
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / "package.json").write_text(json.dumps({"name": name, "private": True, "dependencies": pins}))
    _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], name, folder=home)
    return _made(home, known)


def clean_surroundings(**more: str) -> dict[str, str]:
    """Environment variables for a peer: none of ours that could lead it to our packages."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ACCORD_"))}
    return ours | more


def _is_made(home: Path, pins: Sequence[str]) -> bool:
    stamp = home / "made"
    return stamp.exists() and stamp.read_text() == "\n".join(pins)


def _made(home: Path, pins: Sequence[str]) -> Path:
    """The stamp comes last: an installation that was cut off is done again."""
    (home / "made").write_text("\n".join(pins))
    return home


def _run(command: Sequence[str], name: str, folder: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, env=clean_surroundings(), capture_output=True, text=True,
            timeout=_INSTALL_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Absent(f"it could not be installed: {error}") from error
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["without a word"]
        raise Absent(f"{name} could not be installed: {last[0][:200]}")
