"""How is a file written, and what are its columns? The first two steps, each guess with its reason."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Redirect, Template

from accord.connect.files.looking import Look
from accord.connect.files.planned import BY_PERSON, Planned, as_target
from accord.connect.files.targets import TARGETS, As
from accord.connect.model import Finding, Question
from accord.connect.pages import said
from accord.connect.pages.shown import Visitor, base, elsewhere, onward
from accord.connect.service import walking
from accord.connect.service.reading import RECOGNISED
from accord.connect.service.walking import Standing
from accord.db.engine import Database
from accord.kit.errors import InputError

_SAMPLES = 3
_AT_ONCE = 40  # columns without a field that are shown before one asks for the rest
_NO_FIELD = ""


@get(
    "/imports/{id:str}/recognise",
    opt={"operation": "import.read"},
    include_in_schema=False,
    sync_to_thread=True,
)
def recognise_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """How the files are read, and why; what only a person knows is asked."""
    standing = walking.standing(state["db"], id)
    return elsewhere(standing, "recognise") or _recognise(standing, request)


@post(
    "/imports/{id:str}/recognise",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
async def recognise(id: FromPath[str], state: State, request: Visitor) -> Redirect | Template:
    """Keep how they are read."""
    form = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}
    return await asyncio.to_thread(_recognised, state["db"], id, request, form)


def _recognised(db: Database, id: str, request: Visitor, form: dict[str, str]) -> Redirect | Template:
    standing = walking.standing(db, id)
    words: dict[str, str | None] = {}
    for name, value in form.items():
        place = name.removeprefix("say:")
        if place != name and value and f"id:{place}" in form and value != form.get(f"was:{place}", ""):
            words[form[f"id:{place}"]] = value
    left = [one for one in standing.walk.questions if one.id not in words and _is_said(one, words) is None]
    if left and standing.step == "recognise":
        error = InputError.at(left[0].id, "not_said", f"{_asked(left[0])} Choose one of the readings.")
        return _recognise(standing, request, error=error, form=form)
    try:
        walking.say(db, id, words, actor=request.state.actor, step=RECOGNISED)
    except InputError as error:
        return _recognise(walking.standing(db, id), request, error=error, form=form)
    return onward(db, id)


def _is_said(one: Question, words: dict[str, str | None]) -> str | None:
    """One answer for a whole file answers its columns."""
    kind, _, rest = one.id.partition(":")
    return next(
        (value for name, value in words.items() if name in (kind, f"{kind}:{rest.partition(':')[0]}")), None
    )


def _asked(one: Question) -> str:
    where = f"column {one.column} of {one.file}" if one.column else one.file
    return f"{where[0].upper()}{where[1:]}: only you know how {one.sample!r} is meant."


def _recognise(
    standing: Standing,
    request: Visitor,
    *,
    error: InputError | None = None,
    form: dict[str, str] | None = None,
) -> Template:
    walk, run, given = standing.walk, standing.run, form or {}
    targets = {one.key: one for one in walk.plan}
    places = iter(range(100_000))
    is_anything = any(one.target for one in walk.plan)
    tables = []
    for one in walk.looks:
        findings = [*one.findings, *(f for f in walk.findings if f.file == one.file)]
        questions = [q for q in walk.questions if q.file in (one.file, one.name)]
        planned = targets.get(one.key)
        tables.append(
            {
                "file": one.file,
                "rows": f"{one.rows:,}",
                "columns": [column.column for column in one.columns],
                "head": one.head,
                "problem": one.problem,
                "is_left_out": is_anything and _left_out(planned),
                "questions": [_question(q, next(places), given) for q in questions],
                "findings": [_finding(f, next(places), given) for f in findings],
                "target": said.TARGET_WORDS.get(planned.target, "") if planned is not None else "",
            }
        )
    asked = sum(len(one["questions"]) for one in tables)  # type: ignore[arg-type, misc]
    unread = [
        one for one in walk.looks if one.problem and not (is_anything and _left_out(targets.get(one.key)))
    ]
    context = {
        **base(standing, request, "recognise"),
        "tables": tables,
        "asked": asked,
        "unread": len(unread),
        "guesses": len(walk.guesses),
        "is_given": walk.is_given,
        "wrong": None if error is None else error.detail,
        "said": sorted(run.setup.say.items()),
    }
    return Template(
        template_name="import_recognise.html",
        context=context,
        status_code=HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _left_out(planned: Planned | None) -> bool:
    return planned is not None and planned.is_sure and not planned.target


def _question(one: Question, place: int, given: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "place": place,
        "column": one.column,
        "sample": one.sample,
        "what": one.id.partition(":")[0],
        "ways": [
            {"say": way.say, "means": way.means, "is_chosen": given.get(f"say:{place}") == way.say}
            for way in one.ways
        ],
    }


def _finding(one: Finding, place: int, given: dict[str, str]) -> dict[str, Any]:
    ways = list(said.READINGS.get(one.what, ()))
    now = "tab" if one.reading == "\t" else one.reading
    if now not in {way for way, _ in ways}:
        ways.insert(0, (now, now))
    return {
        "id": ":".join([one.what, one.file, one.column] if one.column else [one.what, one.file]),
        "place": place,
        "what": said.WHATS.get(one.what, one.what),
        "column": one.column,
        "now": now,
        "chosen": given.get(f"say:{place}", now),
        "word": dict(ways)[now],
        "ways": ways,
        "evidence": one.evidence,
        "is_guess": one.reading == "cp1252" and "you said" not in one.evidence,
    }


# --- what the columns are ------------------------------------------------------------------------------


@get("/imports/{id:str}/map", opt={"operation": "import.read"}, include_in_schema=False, sync_to_thread=True)
def map_page(id: FromPath[str], state: State, request: Visitor) -> Template | Redirect:
    """What each table is and what its columns are, with how sure that is and what stands there."""
    standing = walking.standing(state["db"], id)
    return elsewhere(standing, "map") or _map(standing, request, standing.walk.plan)


@post(
    "/imports/{id:str}/map",
    opt={"operation": "import.check"},
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
async def map_columns(id: FromPath[str], state: State, request: Visitor) -> Redirect | Template:
    """Keep what they are, for the next files of this source, too."""
    form = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}
    return await asyncio.to_thread(_mapped, state["db"], id, request, form)


def _mapped(db: Database, id: str, request: Visitor, form: dict[str, str]) -> Redirect | Template:
    standing = walking.standing(db, id)
    plan = [_planned(number, one, form) for number, one in enumerate(standing.walk.looks) if not one.problem]
    unread = [one for one in standing.walk.plan if standing.walk.look(one.key).problem]
    if form.get("verb") == "look":
        return _map(standing, request, (*plan, *unread))
    try:
        walking.plan(db, id, [*plan, *unread], actor=request.state.actor)
    except InputError as error:
        return _map(walking.standing(db, id), request, (*plan, *unread), error=error)
    return onward(db, id)


def _planned(number: int, one: Look, form: dict[str, str]) -> Planned:
    """What a form says of one table; where it is said to be another thing now, its columns are guessed anew."""
    target = form.get(f"target:{number}", "")
    if target and target not in TARGETS:
        raise InputError.at("target", "unknown_target", "Choose one of the tables of the list.")
    if target and form.get(f"was:{number}", "") != target:
        fields = {column: field for column, (field, _) in as_target(one, target).items()}
        return Planned(key=one.key, target=target, fields=fields, by=BY_PERSON)
    known = TARGETS[target].fields if target else {}
    fields = {
        column.column: form.get(f"field:{number}:{place}", _NO_FIELD)
        for place, column in enumerate(one.columns)
        if form.get(f"field:{number}:{place}", _NO_FIELD) in known
    }
    values = {
        field: value.strip()
        for field in known
        if (value := form.get(f"value:{number}:{field}", "")).strip() and field not in fields.values()
    }
    return Planned(key=one.key, target=target, fields=fields, values=values, by=BY_PERSON)


def _map(
    standing: Standing, request: Visitor, plan: tuple[Planned, ...], *, error: InputError | None = None
) -> Template:
    planned = {one.key: one for one in plan}
    tables = [
        _table(number, one, planned[one.key], error)
        for number, one in enumerate(standing.walk.looks)
        if not one.problem and one.key in planned
    ]
    context = {
        **base(standing, request, "map"),
        "tables": tables,
        "targets": list(said.TARGET_WORDS.items()),
        "is_given": standing.walk.is_given,
        "mapping": standing.run.setup.mapping or "",
        "wrong": None if error is None else error.detail,
        "suggested": sum(not one.is_sure for one in plan),
    }
    status = HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return Template(template_name="import_map.html", context=context, status_code=status)


def _table(number: int, one: Look, planned: Planned, error: InputError | None) -> dict[str, Any]:
    target = TARGETS.get(planned.target)
    sure = as_target(one, planned.target)
    columns = []
    for place, column in enumerate(one.columns):
        field = planned.fields.get(column.column, _NO_FIELD)
        guess, percent = sure.get(column.column, (_NO_FIELD, 0))
        columns.append(
            {
                "place": place,
                "column": column.column,
                "samples": column.samples[:_SAMPLES],
                "field": field,
                "sure": percent if field and guess == field else None,
                "is_wrong": error is not None and error.errors[0].pointer == f"{one.key}:{column.column}",
            }
        )
    used = [one for one in columns if one["field"]]
    rest = [one for one in columns if not one["field"]]
    fields = target.fields if target is not None else {}
    return {
        "number": number,
        "file": one.file,
        "rows": f"{one.rows:,}",
        "target": planned.target,
        "by": said.BY.get(planned.by, ""),
        "is_sure": planned.is_sure,
        "columns": columns if len(rest) <= _AT_ONCE else used,
        "more": [] if len(rest) <= _AT_ONCE else rest,
        "fields": [
            (field, f"{field.replace('_', ' ')}{' · needed' if fields[field].required else ''}")
            for field in fields
        ],
        "unsaid": [
            {
                "field": field,
                "word": field.replace("_", " "),
                "value": planned.values.get(field, ""),
                "is_needed": fields[field].required,
                "is_wrong": error is not None and error.errors[0].pointer == f"{one.key}:={field}",
                "is_day": fields[field].as_ is As.day,
            }
            for field in fields
            if (fields[field].required or field in planned.values) and field not in planned.fields.values()
        ],
    }


PAGES = [recognise_page, recognise, map_page, map_columns]
