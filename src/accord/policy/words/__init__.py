"""What does a policy file say? TOML, read strictly: what is not understood is an error that names its line and field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from accord.kit.days import Instant, local_day, parse_instant
from accord.kit.errors import AccordError, InputError
from accord.policy.model import (
    ANY,
    Actor,
    Amount,
    Answer,
    Case,
    Counted,
    CumulativeLimit,
    Edition,
    Figures,
    Period,
    Right,
    Rights,
    Rules,
    Subject,
    Tier,
    Verb,
)
from accord.policy.words.file import File
from accord.policy.words.table import T, Table, Value, said

_AT_LINE = re.compile(r"\(at line (\d+), column (\d+)\)")
_RULES = {field.name: field for field in msgspec.structs.fields(Rules)}


def read(text: str, *, currency: str, name: str = "") -> Edition:
    """The edition that a file states, its id still empty; amounts are in the file's currency, else in `currency`.

    Raises: InputError with every field that cannot be used, each with its line.
    """
    tree, file = _parsed(text)
    rules = Table(file, "rules", None, _table(tree.get("rules"), file, "rules"))
    spoken = rules.values.get("currency")
    found = _edition(file, tree, rules, spoken if isinstance(spoken, str) else currency, name)
    _raise(file)
    return found


def read_cases(text: str, edition: Edition, *, currency: str) -> tuple[Case, ...]:
    """The test cases of a file of their own, for the limits of an edition. Raises: InputError."""
    tree, file = _parsed(text)
    counted = {limit.id: limit.of for limit in edition.rights.limits}
    spoken = dict(edition.rules).get("currency", currency)
    found = _there(_case(one, str(spoken), counted) for one in _many(tree, file, "case"))
    top = Table(file, "", None, dict(tree))
    top.take("case")
    top.end()
    _raise(file)
    return found


def tree(text: str) -> dict[str, Value]:
    """A file as plain values, whatever they say. Raises: InputError where it is not TOML."""
    return _parsed(text)[0]


def _parsed(text: str) -> tuple[dict[str, Value], File]:
    try:
        return tomllib.loads(text), File(text)
    except tomllib.TOMLDecodeError as error:
        where = _AT_LINE.search(str(error))
        line = where[1] if where else str(text.count("\n") + 1)
        words = _AT_LINE.sub("", str(error)).strip()
        detail = f"Line {line} is not TOML: {words}. Correct it."
        raise InputError.at(f"line {line}", "not_toml", detail) from None
    except (RecursionError, ValueError):
        detail = "The file is nested too deeply, or holds a number of thousands of digits. Take that out."
        raise InputError.at("line 1", "not_toml", detail) from None


def _raise(file: File) -> None:
    if file.errors:
        count = len(file.errors)
        things = "thing" if count == 1 else "things"
        raise InputError(
            f"{count} {things} in the policy file cannot be used. {file.errors[0].detail}", errors=file.errors
        )


def _edition(file: File, tree: Mapping[str, Value], rules: Table, currency: str, name: str) -> Edition:
    """Everything in the file."""
    top = Table(file, "", None, dict(tree))
    limits = [_limit(one, currency) for one in _many(tree, file, "limit")]
    counted = {one.id: one.of for one in limits if one is not None}
    change = Table(file, "change", None, _table(tree.get("change"), file, "change"))
    made = Edition(
        id="",
        name=top.text("name", name),
        effective_at=_moment(top),
        rules=_rules(rules),
        tiers=tuple(_tiers(Table(file, "tiers", None, _table(tree.get("tiers"), file, "tiers")))),
        rights=Rights(
            rights=_there(_right(one, currency) for one in _many(tree, file, "right")),
            limits=_there(limits),
            actors=_there(_actor(one) for one in _many(tree, file, "actor")),
            everybody_else=top.text("everybody_else"),
            zone=_zone(top),
            change=change.text("role"),
            second=change.text("second"),
        ),
        cases=_there(_case(one, currency, counted) for one in _many(tree, file, "case")),
    )
    change.end()
    top.take("rules", "tiers", "right", "limit", "actor", "case", "change")
    top.end()
    _check(file, made)
    return made


def _check(file: File, made: Edition) -> None:
    """What is wrong with the whole."""
    for table, ids in (
        ("right", [one.id for one in made.rights.rights]),
        ("limit", [one.id for one in made.rights.limits]),
        ("actor", [one.id for one in made.rights.actors]),
    ):
        for place, id in enumerate(ids):
            if id in ids[:place]:
                file.wrong(
                    table, place, "id", "duplicate", f"{id!r} is there twice; give each an id of its own."
                )
    roles = {role for actor in made.rights.actors for role in actor.roles} | {made.rights.everybody_else}
    asked = [("right", place, one.then, one.ask) for place, one in enumerate(made.rights.rights)]
    asked += [("limit", place, one.then, one.ask) for place, one in enumerate(made.rights.limits)]
    for table, place, then, ask in asked:
        if then is Answer.ask and ask not in roles:
            detail = (
                f"nobody has the role {ask!r}, so nobody could agree; give it to an actor, or name another."
            )
            file.wrong(table, place, "then", "nobody_to_ask", detail)


def _right(table: Table, currency: str) -> Right | None:
    then, ask = table.answer("then")
    made = Right(
        id=table.needed("id"),
        role=table.text("role", ANY),
        tiers=table.tiers(),
        verbs=table.verbs(()),
        then=then,
        ask=ask,
        quantity_max=table.whole("quantity_max"),
        value_minor_max=table.money("value_max", currency),
        days_late_max=table.whole("days_late_max"),
        days_ahead_max=table.whole("days_ahead_max"),
        margin_bp_min=table.whole("margin_bp_min", least=None),
        expedite_minor_max=table.money("expedite_max", currency),
        hold_seconds_max=table.length("hold_max"),
        inside_fence=table.flag("inside_fence"),
        borrow=table.flag("borrow"),
        below_floor=table.flag("below_floor"),
    )
    if (
        then is Answer.deny
        and (set(table.values) - {"id", "role", "tier", "tiers", "verb", "verbs", "then"}) & table._taken
    ):
        table.wrong(
            "then",
            "limits_of_a_no",
            "a right that denies takes no limits: it says no to whatever the rights before it do not cover.",
        )
    table.end()
    return made


def _limit(table: Table, currency: str) -> CumulativeLimit | None:
    then, ask = table.answer("then")
    of = table.one_of("of", Counted, list(Counted), None)
    over = table.one_of("over", Subject, list(Subject), None)
    period = table.one_of("period", Period, list(Period), None)
    most = table.whole("most") if of is Counted.quantity else table.money("most", currency)
    if most is None and "most" not in table.values:
        table.wrong("most", "missing", "most is missing; say how much there may be in a period.")
    if then is Answer.allow:
        table.wrong(
            "then",
            "unknown_word",
            'above a limit one is "ask"-ed with a role behind it, or "deny"; "allow" would be no limit.',
        )
    id = table.needed("id")
    role, tiers, item = table.text("role", ANY), table.tiers(), table.text("item", ANY)
    verbs = table.verbs((Verb.hold, Verb.commit))
    if {Verb.release, Verb.cancel} & {*verbs}:
        detail = "a limit counts what is held, committed or amended: what ends gives back. Take release and cancel out."
        table.wrong("verbs" if "verbs" in table.values else "verb", "counts_nothing", detail)
    table.end()
    if of is None or over is None or period is None or most is None:
        return None
    return CumulativeLimit(
        id=id, of=of, over=over, period=period, most=most, then=then, ask=ask, role=role, tiers=tiers, verbs=verbs, item=item
    )  # fmt: skip


def _actor(table: Table) -> Actor:
    made = Actor(
        id=table.needed("id"),
        roles=table.names("role", "roles"),
        team=table.text("team"),
        person=table.text("person"),
    )
    table.end()
    return made


def _case(table: Table, currency: str, counted: Mapping[str, Counted]) -> Case | None:
    verb = table.one_of("verb", Verb, list(Verb), None)
    expect, ask = table.answer("expect")
    value = table.money("value", currency) or 0
    price = table.money("price", currency) if "price" in table.values else (value or None)
    margin = table.whole("margin_bp", least=None)
    cost = table.money("cost", currency) or 0
    if margin is not None and price is not None:
        cost = price - price * margin // 10_000
    figures = Figures(
        amounts=(
            Amount(
                item=table.text("item"),
                quantity=table.whole("quantity") or 0,
                value_minor=max(value, price or 0),
                expedite_minor=table.money("expedite", currency) or 0,
            ),
        ),
        days_late=table.whole("days_late") or 0,
        days_ahead=table.whole("days_ahead") or 0,
        price_minor=price,
        cost_minor=cost,
        hold_seconds=table.length("hold") or 0,
        inside_fence=table.flag("inside_fence"),
        borrow=table.flag("borrow"),
        below_floor=table.flag("below_floor"),
    )
    used = _used(table, currency, counted)
    name = table.needed("name")
    actor, role = table.text("actor"), table.text("role")
    tier, customer, by = table.text("tier"), table.text("customer"), table.text("by")
    table.take("price", "cost", "margin_bp")
    table.end()
    if verb is None:
        return None
    line = table.file.line("case", table.place)
    return Case(name=name, line=line, actor=actor, role=role, verb=verb, tier=tier, customer=customer, figures=figures,
                used=used, expect=expect, ask=ask, by=by)  # fmt: skip


def _used(table: Table, currency: str, counted: Mapping[str, Counted]) -> tuple[tuple[str, int], ...]:
    values = table.get("used", dict, "a table such as { seller-week = 100 }", {})
    found = []
    for name, value in sorted(values.items()):
        if name not in counted:
            table.wrong("used", "unknown_limit", f"there is no limit {name!r}; name one of this file.")
        elif counted[name] is Counted.quantity and isinstance(value, int):
            found.append((name, value))
        elif counted[name] is not Counted.quantity and isinstance(value, int | str):
            found.append((name, table.amount("used", str(value), currency) or 0))
        else:
            table.wrong(
                "used", "wrong_type", f"what is used of {name} is a number or an amount, not {said(value)}."
            )
    return tuple(found)


def _rules(table: Table) -> tuple[tuple[str, int | str | None], ...]:
    found: list[tuple[str, int | str | None]] = []
    for key, value in sorted(table.values.items()):
        field = _RULES.get(key)
        if field is None:
            table.wrong(key, "unknown_field", f"there is no rule {key!r}; use one of {', '.join(_RULES)}.")
            continue
        wants_text = field.type is str or field.type == "str"
        fits = (
            isinstance(value, str) if wants_text else isinstance(value, int) and not isinstance(value, bool)
        )
        if value == "none" and "None" in str(field.type):
            found.append((key, None))
        elif fits and isinstance(value, int | str):
            found.append((key, value))
        else:
            what = "text in quotes" if wants_text else "a whole number"
            table.wrong(key, "wrong_type", f"{key} is {what}, not {said(value)}.")
    return tuple(found)


def _tiers(table: Table) -> Iterator[Tier]:
    for name, rank in sorted(table.values.items()):
        if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
            table.wrong(
                name,
                "wrong_type",
                f"the rank of {name} is 1 or more, 1 being the highest, not {said(rank)}.",
            )
        else:
            yield Tier(id=name, rank=rank)


def _zone(top: Table) -> str:
    zone = top.text("zone", "UTC")
    try:
        local_day(0, zone)
    except AccordError:
        top.wrong("zone", "unknown_zone", f"there is no time zone {zone!r}; name one such as Europe/Oslo.")
        return "UTC"
    return zone


def _moment(top: Table) -> Instant | None:
    top.take("effective_at")
    value = top.values.get("effective_at")
    if value is None:
        return None
    try:
        text = value.isoformat() if isinstance(value, datetime) else value
        if isinstance(text, str):
            return parse_instant(text, pointer="effective_at")
        detail = f"effective_at is a moment such as 2027-01-01T00:00:00Z, not {said(value)}."
    except InputError as error:
        detail = error.detail
    top.wrong("effective_at", "not_a_moment", detail)
    return None


def _many(tree: Mapping[str, Value], file: File, name: str) -> Iterator[Table]:
    found = tree.get(name, [])
    if not isinstance(found, list):
        file.wrong(name, 0, "", "not_a_list", f"write [[{name}]] in double brackets: there may be several.")
        return
    for place, one in enumerate(found):
        yield Table(file, name, place, _table(one, file, name, place))


def _table(value: Value, file: File, name: str, place: int = 0) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        file.wrong(name, place, "", "not_a_table", f"{name} is a table; write [{name}] above its lines.")
        return {}
    return dict(value)


def _there(found: Iterator[T | None] | list[T | None]) -> tuple[T, ...]:
    return tuple(one for one in found if one is not None)
