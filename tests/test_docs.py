"""The documents are true: what they tell you to type works, what they name exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import postgres as durable
from tests import documents, postgres, tidy

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RUN = [path for path in DOCUMENTS if "```console" in path.read_text()]
# What these tell you to type needs a PostgreSQL; the others do with a file.
ON_POSTGRESQL = {"postgresql.md", "several-processes.md"}


# --- what they tell you to type ---


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in RUN if path.name not in ON_POSTGRESQL], ids=lambda path: path.name
)
def test_the_document_runs(path: Path, tmp_path: Path) -> None:
    assert _typed(path, tmp_path, f"sqlite:///{tmp_path / 'accord.db'}") == []


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize(
    "path", [path for path in RUN if path.name in ON_POSTGRESQL], ids=lambda path: path.name
)
def test_the_document_runs_on_postgresql(path: Path, tmp_path: Path) -> None:
    # One that keeps what it confirms, as the guide says it must.
    with durable.server() as server, postgres.database(server) as url:
        assert _typed(path, tmp_path, url) == []


def _typed(path: Path, tmp_path: Path, db_url: str) -> list[str]:
    surroundings = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ACCORD_DB": db_url,
        "COLUMNS": "120",
    }
    return documents.run(path, folder=tmp_path, surroundings=surroundings)


TRUE_DOCUMENT = """
```console
$ echo one; echo two
one
two
$ name=Northwind
$ echo "for $name, dec_$RANDOM"
for ..., dec_...
$ printf 'a\\nb\\nc\\n'
a
...
$ (exit 3)
$ echo $?
3
$ echo first \\
> second
first second
```

```sh
false
```
"""


def test_a_true_document_runs(tmp_path: Path) -> None:
    assert _run(TRUE_DOCUMENT, tmp_path) == []


@pytest.mark.parametrize(
    ("command", "expected", "finding"),
    [
        ("echo three", "two", "but what came out is:\nthree"),
        ("echo three", "", "but what came out is:\nthree"),
        ("true", "two", "says:\ntwo"),
        ("echo one; echo extra", "one", "extra"),
        ("echo wrong >&2; exit 1", "", "was not reached"),
        ("false", "", "ended with code 1"),
        ("no-such-command-here", "...", "ended with code 127"),
    ],
)
def test_a_document_that_is_not_true_is_found_out(
    command: str, expected: str, finding: str, tmp_path: Path
) -> None:
    differences = _run(f"```console\n$ {command}\n{expected}\n$ true\n```\n", tmp_path)

    assert len(differences) == 1
    assert finding in differences[0]


def _run(text: str, folder: Path) -> list[str]:
    path = folder / "document.md"
    path.write_text(text)
    return documents.run(path, folder=folder, surroundings=os.environ)


# --- what they name ---


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = [
        link
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
        if not re.match(r"[a-z]+:", link) and not (path.parent / link).exists()
    ]

    assert broken == []


def test_every_make_target_that_is_named_exists_and_is_described() -> None:
    makefile = (ROOT / "Makefile").read_text()
    described = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE).group(1).split())  # type: ignore[union-attr]
    named = {
        target
        for path in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE)
    }

    assert named <= described
    assert phony == described


def test_make_alone_lists_every_target() -> None:
    run = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert re.findall(r"^  make ([a-z]+) +\S", run.stdout, re.MULTILINE) == re.findall(
        r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE
    )


def test_the_code_map_has_every_part() -> None:
    parts = {path.parent.name for path in (ROOT / "src/accord").glob("*/__init__.py")}
    mapped = set(re.findall(r"^\| `(\w+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE))

    assert parts == mapped


def test_every_foreign_word_that_is_refused_is_in_the_glossary() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text().lower()
    refused = re.findall(r"[a-z]{3,}", tidy.FOREIGN.pattern.replace("s?", ""))

    assert refused
    assert [word for word in refused if word not in glossary] == []


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs/decisions"
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))

    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_every_decision_gives_context_consequences_and_alternatives() -> None:
    for path in (ROOT / "docs/decisions").glob("[0-9]*.md"):
        text = path.read_text()
        for part in ("Context.", "Decision.", "Consequences.", "Alternatives."):
            assert f"**{part}**" in text, f"{path.name} lacks {part}"


def test_the_changelog_speaks_of_safety_first() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    for release in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert re.findall(r"^### (.*)$", release, re.MULTILINE) == ["Safety", "Features", "Internals"]


# --- what is written from the code ---


def test_the_reference_is_what_the_code_says() -> None:
    run = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr


def test_a_reference_that_is_no_longer_true_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/reference.py").write_text((ROOT / "scripts/reference.py").read_text())
    shutil.copytree(ROOT / "docs/reference", tmp_path / "docs/reference")
    page = tmp_path / "docs/reference/errors.md"
    page.write_text(page.read_text().replace("| 503 |", "| 500 |"))

    run = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "errors.md" in run.stderr


def test_every_setting_is_documented() -> None:
    read = {
        name
        for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
        for name in re.findall(r"\bACCORD_[A-Z]+(?:_[A-Z]+)*\b", path.read_text())
    }
    documented = set(re.findall(r"`(ACCORD_[A-Z_]+)`", (ROOT / "docs/reference/settings.md").read_text()))

    assert read == documented


def test_every_command_that_a_document_names_exists() -> None:
    commands = set(
        re.findall(r"^## accord ([\w -]+)$", (ROOT / "docs/reference/commands.md").read_text(), re.MULTILINE)
    )
    verbs = {command.split()[0] for command in commands}
    named = {
        (path.name, verb)
        for path in DOCUMENTS
        for verb in re.findall(r"(?:`|^\$ |^)accord ([a-z][a-z-]+)", path.read_text(), re.MULTILINE)
    }

    assert verbs
    assert {(document, verb) for document, verb in named if verb not in verbs} == set()
