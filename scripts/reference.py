"""Writes docs/reference from the code itself; with --check it only says what is no longer true, and exits 1."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code. Change the code, not this file. -->\n"


def commands() -> str:
    """Every command, as its own --help says it."""
    from accord.cli import accord

    lines = [
        "# Commands",
        "",
        NOTE,
        "What every command has in common is in its first page, `accord --help`:",
        "",
    ]
    with click.Context(accord, info_name="accord", terminal_width=100, **accord.context_settings) as context:
        lines += ["```text", accord.get_help(context), "```", ""]
        lines += _commands_of(accord, context)
    return _text(lines)


def _commands_of(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        with click.Context(command, info_name=name, parent=context, terminal_width=100) as inner:
            yield from [f"## {inner.command_path}", "", "```text", command.get_help(inner), "```", ""]
            if isinstance(command, click.Group):
                yield from _commands_of(command, inner)


def errors() -> str:
    """Every error, with its status and exit code."""
    from accord.kit import errors as module
    from accord.web.layout import problems
    from accord.web.server import serving

    assert problems.pages(), (
        serving.AlreadyServed
    )  # with them, every module that has errors of its own is there

    lines = ["# Errors", "", NOTE]
    lines.append("The caller or the world is wrong, and nothing was changed. The business's own no is a")
    lines += ["[refusal](refusals.md).", ""]
    lines += ["| code | status | exit code | again later? | meaning |", "|---|---|---|---|---|"]
    for error in sorted(_children(module.AccordError), key=lambda kind: (kind.status, kind.code)):
        again = "yes" if error.retryable else "no"
        meaning = (inspect.getdoc(error) or "").splitlines()[0]
        lines.append(f"| `{error.code}` | {error.status} | {error.exit_code} | {again} | {meaning} |")
    return _text(lines)


def _children(kind: type) -> list[type]:
    found = []
    for child in kind.__subclasses__():
        found += ([] if child.__name__.startswith("_") else [child]) + _children(child)
    return found


def refusals() -> str:
    """Every verdict, refusal and state, in the order of the code."""
    from accord.ledger import model as ledger
    from accord.promise import model as promise

    lines = ["# Verdicts, refusals and states", "", NOTE]
    for kind in (promise.Verdict, promise.Refusal, ledger.State):
        notes = _notes(kind)
        lines += [
            f"## {kind.__name__}",
            "",
            inspect.getdoc(kind) or "",
            "",
            "| value | meaning |",
            "|---|---|",
        ]
        lines += [f"| `{member.value}` | {notes.get(member.name, '')} |" for member in kind]
        lines.append("")
    return _text(lines)


def _notes(kind: type[Enum]) -> dict[str, str]:
    """The comment behind each member; without one, its name read aloud."""
    source = inspect.getsource(kind)
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            comment = source.splitlines()[node.lineno - 1].partition("#")[2].strip()
            name = node.targets[0].id
            found[name] = (comment or name.replace("_", " ")).replace("|", "\\|")
    return found


def api() -> str:
    """Every route of the API, and every thing that goes in or comes out."""
    described, scopes = _described()
    lines = ["# API", "", NOTE, described["info"]["description"].strip(), ""]
    lines.append(
        "The same in a form for programs: `GET /v1/openapi.json`. Keys: `accord key add NAME --scope …`."
    )
    lines.append("Every answer carries `X-Request-Id`; with a limit also `RateLimit` and `RateLimit-Policy`.")
    lines += ["", "## Routes", "", "| route | scope | what it does |", "|---|---|---|"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            first = operation["description"].split("\n\n")[0].replace("\n", " ")
            lines.append(
                f"| `{method.upper()} {path}` | {scopes[operation['operationId']] or 'none'} | {first} |"
            )
    lines += ["", "## Things", ""]
    for name, schema in sorted(described["components"]["schemas"].items()):
        lines += [f"### {name}", "", schema.get("description", ""), ""]
        properties = schema.get("properties", {})
        if properties:
            lines += ["| member | type | needed |", "|---|---|---|"]
        for member, kind in properties.items():
            needed = "yes" if member in schema.get("required", []) else ""
            lines.append(f"| `{member}` | {_type(kind)} | {needed} |")
        lines.append("")
    return _text(lines)


def _described() -> tuple[dict[str, Any], dict[str, str | None]]:
    """The description as the server gives it, and the scope each operation needs."""
    from accord.db.engine import open_database
    from accord.web.access import admission, authority
    from accord.web.server.app import on
    from accord.web.server.openapi import described

    with TemporaryDirectory() as folder:
        db = open_database(f"sqlite:///{folder}/reference.db")
        app = on(db)
        scopes: dict[str, str | None] = {
            str(handler.operation_id): authority.TABLE[admission.operations_of(handler)[0]].scope or None
            for _, handler in admission.handlers(app)
            if handler.operation_id
        }
        made = described(app.openapi_schema.to_schema())
        db.close()
    return made, scopes


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "oneOf" in schema or "anyOf" in schema:
        kinds = schema.get("oneOf") or schema["anyOf"]
        return " or ".join(dict.fromkeys(_type(one) for one in kinds))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "anything")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def authorization() -> str:
    """Every operation with who may do it, as the table of authority says."""
    from accord.kit.doors import Reach
    from accord.web.access import authority

    said = {Reach.none: "", Reach.own: "own", Reach.team: "team", Reach.all: "all"}
    lines = ["# Authorization", "", NOTE, AUTHORIZATION.strip(), ""]
    lines += [f"| operation | what | {' | '.join(authority.ROLES)} | key | why |", "|---" * 11 + "|"]
    for row in authority.ROWS:
        reaches = [row.reaches.get(role, Reach.none) for role in authority.ROLES]
        cells = ["anybody" if row.is_public else said[one] or "–" for one in reaches]
        if not row.kind:
            cells = ["yes" if cell in ("own", "all") else cell for cell in cells]
        key = "anybody" if row.is_public else f"`{row.scope}`" if row.scope else "–"
        lines.append(f"| `{row.id}` | {row.does} | {' | '.join(cells)} | {key} | {row.why} |")
    return _text(lines)


AUTHORIZATION = """
Who may do what. Every page and every route of the API is one of these operations; one that is not here cannot be done, and a server
whose routes are not all here does not start.

- **own**: with what one made oneself. **team**: also with what others of the same team made; for who leads it, any member.
  **all**: whoever made it. **yes**: it belongs to nobody in particular. **–**: not at all.
- A promise belongs to who made it, an approval to who asked for it, an import to who put it in. That never changes.
- Who has several roles reaches as far as the furthest of them.
- A key needs the scope named, or `admin`; `ask` is part of every scope. Behind its doors it reaches everything: it acts for a system.
- What is out of reach is refused with 403, and the refusal says the rule and whose it is. It is not hidden as if it were not there:
  within one company a colleague's promise is no secret, and "it does not exist" would send people looking for a mistake. Lists hold
  only what may be read. Without a session or key the answer is 401, whether the thing exists or not.
- How much somebody may promise behind a door is said by the [decision rights](../guides/rights.md), and neither replaces the other:
  the rights refuse what exceeds them whatever stands here, and nobody agrees to his own.
- On a server started with `--open`, anybody at that machine may do everything.
"""

PAGES: dict[str, Callable[[], str]] = {
    "authorization.md": authorization,
    "commands.md": commands,
    "errors.md": errors,
    "refusals.md": refusals,
    "api.md": api,
}


def _text(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()).rstrip() + "\n"


def main(argv: list[str]) -> int:
    stale = []
    for name, write in PAGES.items():
        path, text = FOLDER / name, write()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale and "--check" in argv:
        print(f"No longer true in docs/reference: {', '.join(stale)}. Run 'make docs'.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
