"""The architecture holds: import contracts and house rules, each with a control that shows it can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import tidy

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "accord"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


# --- import contracts ---


def test_the_import_contracts_hold() -> None:
    run = _lint(ROOT)

    assert run.returncode == 0, run.stdout + run.stderr


# One broken import for each contract: file, line to add.
BROKEN = {
    "parts": ("ledger/model.py", "import accord.promise.model"),
    "questions": ("promise/model.py", "import accord.promise.decide"),
    "web": ("web/people/keys.py", "import accord.web.entrance.gate"),
    "acyclic": ("kit/days.py", "import accord.ledger.model"),
    "pure": ("promise/decide.py", "import random"),
    "decide-asks-nobody": ("promise/decide.py", "import accord.ledger.service"),
    "stores-know-nouns": ("ledger/store.py", "import accord.ledger.decide"),
    "own-store": ("promise/service.py", "import accord.ledger.store"),
    "connectors": ("connect/files/__init__.py", "import accord.connect.frepple"),
    "auditor": ("simulation/auditor.py", "import accord.ledger.decide"),
}


def test_a_broken_import_breaks_each_contract(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "src" / "accord", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("ledger", "promise"):
        for question in ("model", "decide", "store", "service"):
            _ensure(tmp_path / "src/accord" / part / f"{question}.py")
    for file, line in BROKEN.values():
        path = _ensure(tmp_path / "src/accord" / file)
        path.write_text(f"{path.read_text()}\n{line}\n")

    run = _lint(tmp_path)

    assert run.returncode == 1, run.stdout + run.stderr
    assert {contract["id"] for contract in SETTINGS["contracts"]} == set(BROKEN)
    for contract in SETTINGS["contracts"]:
        assert re.search(re.escape(contract["name"])[:60] + r"[^\n]*BROKEN", _joined(run.stdout)), contract[
            "id"
        ]


@pytest.mark.parametrize(
    ("contract", "file", "module"),
    [("parts", "utils.py", "accord.utils"), ("web", "web/utils.py", "accord.web.utils")],
)
def test_a_part_that_no_contract_knows_is_refused(
    contract: str, file: str, module: str, tmp_path: Path
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "src" / "accord", ignore=shutil.ignore_patterns("__pycache__"))
    _ensure(tmp_path / "src/accord" / file)

    run = _lint(tmp_path, contract=contract)

    assert run.returncode == 1
    assert module in run.stdout


def test_every_connector_is_in_the_contract_of_connectors() -> None:
    named = {
        module.removeprefix("accord.connect.")
        for contract in SETTINGS["contracts"]
        if contract["id"] == "connectors"
        for module in contract["modules"]
    }

    own = {"service", "store", "pages"}  # of the part itself
    assert {path.parent.name for path in PACKAGE.glob("connect/*/__init__.py")} - own == named


def _ensure(path: Path) -> Path:
    """The file, or in its place the `__init__` of the folder it was split into."""
    if path.with_suffix("").is_dir():
        return path.with_suffix("") / "__init__.py"
    if not path.exists():
        path.write_text('"""Made for this test."""\n')
    return path


def _joined(output: str) -> str:
    """import-linter wraps long names; a name and its verdict belong on one line."""
    return re.sub(r"\n(?=[^\n]*(KEPT|BROKEN))", " ", output)


def _lint(tree: Path, *, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"]
    command += ["--config", ROOT / "pyproject.toml"]
    if contract:
        command += ["--contract", contract]
    surroundings = {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{ROOT}", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=tree, env=surroundings, capture_output=True, text=True, check=False, timeout=120
    )


# --- house rules ---


@pytest.mark.parametrize("rule", tidy.PACKAGE_RULES, ids=lambda rule: rule.__name__)
def test_the_house_rule_holds(rule: tidy.Rule) -> None:
    assert list(rule(PACKAGE)) == []


def test_nothing_names_a_place_outside_the_project() -> None:
    assert list(tidy.paths_of_elsewhere(ROOT)) == []


@pytest.mark.parametrize(
    ("rule", "file", "text", "found"),
    [
        (tidy.long_files, "promise/decide.py", "x = 1\n" * 451, "promise/decide.py: 451 lines, 450 at most"),
        (tidy.wordy_inits, "promise/__init__.py", '"""What?"""\nimport os\n', "promise/__init__.py: one docstring"),
        (tidy.wordy_inits, "promise/__init__.py", '"""What?\n\nMore."""\n', "promise/__init__.py: one docstring"),
        (tidy.missing_docstrings, "promise/model.py", "x = 1\n", "promise/model.py: no module docstring"),
        (tidy.foreign_words, "promise/model.py", "warehouse_id = 1\n", "promise/model.py:1: 'warehouse'"),
        (tidy.foreign_words, "promise/model.py", "class X:\n    sku: str\n", "promise/model.py:2: 'sku'"),
        (tidy.foreign_words, "promise/templates/ask.html", "<p>Your Reservation</p>", "ask.html:1: 'Reservation'"),
        (tidy.prints, "promise/service.py", "print('x')\n", "promise/service.py:1: print"),
        (tidy.wall_clocks, "promise/service.py", "datetime.datetime.now(UTC)\n", "promise/service.py:1: datetime"),
        (tidy.wall_clocks, "ledger/store.py", "import time\ntime.time()\n", "ledger/store.py:2: time.time"),
        (tidy.floats_in_decide, "promise/decide.py", "x = 0.5\n", "promise/decide.py:1: a float"),
        (tidy.floats_in_decide, "promise/decide/price.py", "x = 1 / 2\n", "promise/decide/price.py:1: a float"),
        (tidy.paths_of_elsewhere, "promise/decide.py", "# see /wo" + "rk/notes\n", "promise/decide.py:1: names"),
        (tidy.paths_of_elsewhere, "any.lock", "--index-url https://py" + "pi.org/simple\n", "any.lock:1: names"),
    ],
)  # fmt: skip
def test_the_house_rule_can_fail(rule: tidy.Rule, file: str, text: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

    (finding,) = rule(tmp_path)

    assert found in finding


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (tidy.wordy_inits, "promise/decide/__init__.py", '"""How?"""\nimport accord\n'),
        (tidy.foreign_words, "connect/frepple/read.py", "location = 1\n"),
        (tidy.foreign_words, "web/server/app.py", 'headers = {"Location": url}\n'),
        (tidy.foreign_words, "promise/model.py", "allocation = relocation\n"),
        (tidy.prints, "cli.py", "print('x')\n"),
        (tidy.wall_clocks, "db/clock.py", "time.time()\n"),
        (tidy.floats_in_decide, "promise/decide.py", "x = 7 // 2\n"),
        (tidy.floats_in_decide, "kit/money.py", "x = 0.5\n"),
    ],
)
def test_the_house_rule_lets_pass_what_is_meant_to(
    rule: tidy.Rule, file: str, text: str, tmp_path: Path
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

    assert list(rule(tmp_path)) == []
