"""What is wrong with the rows, and what repairs it in all of them at once?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect, Template

from accord.connect.files.choices import CREATED, MAPPED
from accord.connect.pages import said
from accord.connect.pages.shown import Visitor, base, elsewhere, onward
from accord.connect.service import walking
from accord.connect.service.steps import Group
from accord.connect.service.walking import Standing
from accord.db.engine import Database
from accord.kit.errors import InputError
from accord.ledger import service as ledger
from accord.policy import service as policy

_SHOWN = 50  # problems of a kind
_ROWS = 5
_NAMES_MAX = 500  # offered while one types


@get(
    "/imports/{id:str}/check", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True
)
def check_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """What is wrong, in groups of what repairs it."""
    standing = walking.standing(state["db"], id)
    return elsewhere(standing, "check") or _check(state["db"], standing, request)


@post(
    "/imports/{id:str}/check",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
async def repair(id: FromPath[str], state: State, request: Visitor) -> Redirect | Template:
    """Keep what repairs it, and check again."""
    form = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}
    return await asyncio.to_thread(_repaired, state["db"], id, request, form)


def _repaired(db: Database, id: str, request: Visitor, form: dict[str, str]) -> Redirect | Template:
    words: dict[str, str | None] = {}
    wrong: InputError | None = None
    if "take_back" in form:
        words[form["take_back"]] = None
    elif "bulk" in form:
        code, _, way = form["bulk"].rpartition("=")
        words = walking.all_of(db, id, code, way)
    else:
        try:
            words = _chosen(form)
        except InputError as error:
            wrong = error
    if wrong is None:
        try:
            if not words:
                raise InputError.at(
                    "way", "nothing_said", "Nothing was chosen. Say of at least one what to do about it."
                )
            walking.say(db, id, words, actor=request.state.actor)
            return onward(db, id)
        except InputError as error:
            wrong = error
    return _check(db, walking.standing(db, id), request, error=wrong, form=form)


def _chosen(form: dict[str, str]) -> dict[str, str | None]:
    """What was chosen for each problem. Raises: InputError where another name is meant and none was given."""
    words: dict[str, str | None] = {}
    for name, choice in form.items():
        place = name.removeprefix("choice:")
        way, to = form.get(f"way:{place}", ""), form.get(f"to:{place}", "").strip()
        if place == name or not (way or to):
            continue
        if way == "map" or (to and not way):
            if not to:
                detail = f"Say which name {choice.partition(':')[2]!r} stands for."
                raise InputError.at(f"to:{place}", "no_name", detail)
            words[choice] = f"map {to}"
        else:
            words[choice] = way
    return words


def _check(
    db: Database,
    standing: Standing,
    request: Visitor,
    *,
    error: InputError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    run, given = standing.run, form or {}
    problem = run.problem or {}
    groups = walking.groups(db, run.id)
    context = {
        **base(standing, request, "check"),
        "sections": _sections(groups, run.id, given),
        "rows": len({(one.file, row) for one in groups for row in one.rows}),
        "problems": len(groups),
        "detail": "" if groups else str(problem.get("detail", "")),
        "details": [] if groups else _details(problem.get("errors")),
        "names": _names(db, {one.code for one in groups}),
        "notes": [] if run.report is None else run.report.notes,
        "wrong": None if error is None else error.detail,
        "wrong_at": "" if error is None else error.errors[0].pointer,
        "said": [
            {"name": name, "what": _told(name), "value": value}
            for name, value in sorted(run.setup.say.items())
            if name.partition(":")[0] not in said.WHATS
        ],
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return Template(template_name="import_check.html", context=context, status_code=status)


def _sections(groups: list[Group], id: str, given: dict[str, str]) -> list[dict[str, Any]]:
    """One for each kind of problem: "37 rows: unknown item. Create, map or skip?" """
    found: dict[str, list[Group]] = {}
    for one in groups:
        found.setdefault(one.code, []).append(one)
    places = iter(range(1_000_000))
    sections = []
    for code, inside in found.items():
        rows = len({(one.file, row) for one in inside for row in one.rows})
        noun = code.removeprefix("unknown_")
        ways = inside[0].ways
        sections.append(
            {
                "code": code,
                "rows": said.plural(rows, "row"),
                "what": said.GROUPS.get(code, inside[0].what if len(inside) == 1 else code.replace("_", " ")),
                "fix": _ask(ways) or "Correct the file, or skip.",
                "count": len(inside),
                "noun": noun,
                "may_create": "create" in ways and noun in CREATED,
                "may_map": noun in MAPPED and code != noun,
                "named": said.plural(len(inside), noun)
                if code != noun
                else said.plural(len(inside), "problem"),
                "problems": [_problem(one, id, next(places), given) for one in inside[:_SHOWN]],
                "hidden": f"{len(inside) - _SHOWN:,}" if len(inside) > _SHOWN else "",
            }
        )
    return sections


def _ask(ways: tuple[str, ...]) -> str:
    words = [way.partition(" ")[0] for way in ways]
    if "create" in words:
        return "Create, map, or skip?"
    return "Map, or skip?" if "map" in words else ""


def _problem(one: Group, id: str, place: int, given: dict[str, str]) -> dict[str, Any]:
    more = f" and {one.count - _ROWS:,} more" if one.count > _ROWS else ""
    return {
        "place": place,
        "choice": one.choice,
        "what": one.what,
        "word": one.word if one.word != one.column else "",
        "fix": one.fix,
        "file": one.file,
        "column": one.column,
        "count": said.plural(one.count, "row"),
        "rows": f"{'row' if one.count == 1 else 'rows'} {', '.join(str(row) for row in one.rows[:_ROWS])}{more}",
        "expected": one.expected,
        "href": f"/imports/{id}/rows?of=left-out&choice={quote(one.choice)}",
        "way": given.get(f"way:{place}", ""),
        "to": given.get(f"to:{place}", ""),
    }


def _details(errors: object) -> list[str]:
    found = (
        [str(one.get("detail", "")) for one in errors if isinstance(one, dict)]
        if isinstance(errors, list)
        else []
    )
    return found[1:_SHOWN]


def _told(name: str) -> str:
    code, _, word = name.partition(":")
    what = said.GROUPS.get(code, code.replace("_", " "))
    return f"{what}: {'all of them' if word == '*' else word}"


def _names(db: Database, codes: set[str]) -> dict[str, list[str]]:
    """What is known, for who types another name."""
    with db.read() as tx:
        graph, book = ledger.graph(tx), policy.book(tx)
    known: dict[str, Iterable[str]] = {
        "item": graph.items,
        "site": graph.sites,
        "supplier": graph.suppliers,
        "resource": graph.resources,
        "customer": book.customers,
        "tier": book.tiers,
    }
    return {
        noun: sorted(names)[:_NAMES_MAX]
        for noun, names in known.items()
        if f"unknown_{noun}" in codes and names
    }


PAGES = [check_page, repair]
