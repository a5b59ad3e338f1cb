"""How do rights become the fields of a form, and fields rights again?

A form holds words; a tree (`words/written.py`) holds what a file would. What somebody typed that cannot be used stays in the tree
as it was typed, so that it comes back in its field with what is wrong with it, and nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from accord.kit.errors import FieldError
from accord.policy.model import ANY, Rules, Verb
from accord.policy.words.written import Tree

Fields = Mapping[str, str]  # as a browser sends them: "right-0-role"

TOP = ("name", "zone", "everybody_else", "effective_at")
RULES = tuple(field.name for field in msgspec.structs.fields(Rules))
FLAGS = ("inside_fence", "borrow", "below_floor")
_YES = "yes"
_NO_TIER = "(none)"  # customers without a tier, among tiers that have names

# The fields of each table: as the form names them, and what the file calls them and holds there.
_TEXTS: dict[str, tuple[str, ...]] = {
    "right": ("id", "value_max", "expedite_max", "hold_max"),
    "limit": ("id", "of", "over", "period", "item"),
    "actor": ("id", "team", "person"),
    "case": ("name", "actor", "role", "tier", "customer", "item", "value", "price", "cost", "expedite", "hold", "by", "verb"),
}  # fmt: skip
_WHOLE: dict[str, tuple[str, ...]] = {
    "right": ("quantity_max", "days_late_max", "days_ahead_max"),
    "limit": ("most",),
    "actor": (),
    "case": ("quantity", "days_late", "days_ahead"),
}
_LISTS = {"right": ("tiers",), "limit": ("tiers",), "actor": ("roles",), "case": ()}
_PERCENT = {"right": ("margin", "margin_bp_min"), "case": ("margin", "margin_bp")}
_ANSWER = {"right": "then", "limit": "then", "case": "expect"}

# How an error speaks of a field, where the file's own name for it would puzzle who fills in a form.
LABELS = {
    "id": "The name",
    "quantity_max": "The quantity",
    "value_max": "The value",
    "days_late_max": "Days late",
    "days_ahead_max": "Days ahead",
    "margin_bp_min": "The margin, in percent,",
    "margin_bp": "The margin, in percent,",
    "expedite_max": "Expediting",
    "hold_max": "The hold",
    "most": "At most",
    "then": "What happens then",
    "expect": "What is expected",
    "name": "The name",
}

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_MARGIN = re.compile(r"([-−+]?)([0-9]{1,4})(?:[.,]([0-9]{1,2}))?\s*%?")
_ROW = re.compile(r"(right|limit|actor|case|tier)-([0-9]{1,4})-[a-z_]+")
_AT = re.compile(r"line ([0-9]+): (?:\[\[(\w+)\]\]\s*)?(.*)")


# --- to fields ---


def fields_of(tree: Tree) -> dict[str, str]:
    """Every field that has something in it."""
    found = {name: str(tree.get(name, "")) for name in TOP}
    rules, tiers, change = (_dict(tree.get(group)) for group in ("rules", "tiers", "change"))
    found |= {f"rules-{name}": str(value) for name, value in rules.items()}
    found |= {f"change-{name}": str(value) for name, value in change.items()}
    for place, (name, rank) in enumerate(tiers.items()):
        found |= {f"tier-{place}-id": name, f"tier-{place}-rank": str(rank)}
    for table in _TEXTS:
        for place, row in enumerate(_rows(tree, table)):
            found |= {f"{table}-{place}-{name}": text for name, text in _of_row(table, row).items()}
    return found


def counts_of(tree: Tree) -> dict[str, int]:
    """How many rows each table has."""
    return {table: len(_rows(tree, table)) for table in _TEXTS} | {"tier": len(_dict(tree.get("tiers")))}


def _of_row(table: str, row: Tree) -> dict[str, str]:
    found = {name: str(row[name]) for name in (*_TEXTS[table], *_WHOLE[table]) if name in row}
    if table in ("right", "limit"):
        found["role"] = str(row.get("role", ANY))
    for name in _LISTS[table]:
        alone = name.removesuffix("s")
        names = row[name] if name in row else [row[alone]] if alone in row else []
        found[name] = (
            ", ".join(str(one) or _NO_TIER for one in names) if isinstance(names, list) else str(names)
        )
    if table in _PERCENT:
        name, key = _PERCENT[table]
        found[name] = _percent(row.get(key, ""))
    if table in _ANSWER:
        word, _, asked = str(row.get(_ANSWER[table], "")).partition(" ")
        found |= {"then": word, "ask": asked}
    found |= {flag: _YES for flag in FLAGS if row.get(flag) is True}
    if table in ("right", "limit"):
        verbs = row.get("verbs", [])
        found |= {f"verb_{verb}": _YES for verb in (verbs if isinstance(verbs, list) else [])}
    if table == "case":
        found["used"] = "; ".join(f"{name} = {n}" for name, n in _dict(row.get("used")).items())
    return found


def _percent(value: object) -> str:
    """Basis points as a percentage; what is no number as it is."""
    if not isinstance(value, int):
        return str(value)
    whole, rest = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole}{f'.{rest:02}' if rest else ''}"


def _dict(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _rows(tree: Tree, table: str) -> list[Tree]:
    rows = tree.get(table, [])
    return rows if isinstance(rows, list) else []


# --- from fields ---


def tree_from(fields: Fields) -> Tree:
    """What was typed, as a file would hold it."""
    tree: Tree = {name: fields[name].strip() for name in TOP if fields.get(name, "").strip()}
    rules = {name: _whole(text) for name in RULES if (text := fields.get(f"rules-{name}", "").strip()) != ""}
    change = {
        name: text for name in ("role", "second") if (text := fields.get(f"change-{name}", "").strip()) != ""
    }
    tiers: dict[str, object] = {}
    for place in _places(fields, "tier"):
        name = fields.get(f"tier-{place}-id", "").strip()
        rank = fields.get(f"tier-{place}-rank", "").strip()
        if name or rank:
            while name in tiers:
                name += " (twice)"  # a table has each name once, and nothing that was typed is dropped
            tiers[name] = _whole(rank)
    tree |= {
        group: values for group, values in (("rules", rules), ("tiers", tiers), ("change", change)) if values
    }
    return tree | {
        table: [_row(table, fields, f"{table}-{place}-") for place in _places(fields, table)]
        for table in _TEXTS
    }


def _places(fields: Fields, table: str) -> list[int]:
    found = {int(match[2]) for name in fields if (match := _ROW.fullmatch(name)) and match[1] == table}
    return sorted(found)


def _row(table: str, fields: Fields, start: str) -> Tree:
    def typed(name: str) -> str:
        return fields.get(start + name, "").strip()

    row: Tree = {"name" if table == "case" else "id": typed("name" if table == "case" else "id")}
    if table in ("right", "limit"):
        if typed("role") != ANY:
            row["role"] = typed("role")
        verbs = [verb.value for verb in Verb if typed(f"verb_{verb.value}")]
        row |= {"verbs": verbs} if verbs else {}
    for name in _LISTS[table]:
        if names := [one.strip() for one in typed(name).split(",") if one.strip()]:
            row[name] = ["" if one == _NO_TIER else one for one in names]
    row |= {name: typed(name) for name in _TEXTS[table] if typed(name) and name not in row}
    row |= {name: _whole(typed(name)) for name in _WHOLE[table] if typed(name)}
    if table in _PERCENT:
        name, key = _PERCENT[table]
        row |= {key: _basis_points(typed(name))} if typed(name) else {}
    row |= {flag: True for flag in FLAGS if typed(flag)}
    if table == "case" and typed("used"):
        row["used"] = _used(typed("used"))
    if table in _ANSWER:
        word = typed("then")
        row[_ANSWER[table]] = f"ask {typed('ask')}".strip() if word == "ask" else word
    return row


def _whole(text: str) -> int | str:
    return int(text) if _INTEGER.fullmatch(text) else text


def _basis_points(text: str) -> int | str:
    match = _MARGIN.fullmatch(text)
    if match is None:
        return text
    bp = int(match[2]) * 100 + int((match[3] or "0").ljust(2, "0"))
    return -bp if match[1] in ("-", "−") else bp


def _used(text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in text.split(";"):
        name, equals, amount = part.rpartition("=")
        if not equals:
            name, _, amount = part.strip().rpartition(" ")
        if part.strip():
            found[name.strip()] = _whole(amount.strip())
    return found


# --- what a button does ---


def changed(tree: Tree, do: str) -> tuple[Tree, str]:
    """The tree after a row was added, moved or removed, and the field to go on in."""
    verb, _, rest = do.partition("-")
    table, _, number = rest.partition("-")
    if table == "tier":
        return _changed_tiers(tree, verb, number)
    if table not in _TEXTS:
        return tree, ""
    rows = list(_rows(tree, table))
    if verb == "add":
        rows.append(_NEW[table])
        return {**tree, table: rows}, f"{table}-{len(rows) - 1}-{'name' if table == 'case' else 'id'}"
    if not number.isdecimal() or int(number) >= len(rows):
        return tree, ""
    place = int(number)
    if verb == "remove":
        del rows[place]
        return {**tree, table: rows}, f"add-{table}"
    other = place + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
        return {**tree, table: rows}, f"{verb}-{table}-{other}"
    return tree, ""


_NEW: dict[str, Tree] = {
    "right": {"id": "", "role": "", "then": "allow"},
    "limit": {"id": "", "role": "", "of": "value", "over": "customer", "period": "week", "then": "ask"},
    "actor": {"id": ""},
    "case": {"name": "", "verb": "commit", "expect": "allow"},
}


def _changed_tiers(tree: Tree, verb: str, number: str) -> tuple[Tree, str]:
    tiers = list(_dict(tree.get("tiers")).items())
    if verb == "add":
        tiers.append(("", len(tiers) + 1))
    elif verb == "remove" and number.isdecimal() and int(number) < len(tiers):
        del tiers[int(number)]
    return {**tree, "tiers": dict(tiers)}, f"tier-{len(tiers) - 1}-id" if verb == "add" else "add-tier"


# --- what is wrong, and where ---


def wrong_fields(text: str, errors: Iterable[FieldError]) -> dict[str, str]:
    """The words of each error under the field of the form it belongs to; what belongs to none is left out."""
    found: dict[str, str] = {}
    for error in errors:
        name = _field_at(text, error.pointer)
        if name:
            found.setdefault(name, _plain(error.detail))
    return found


def _plain(detail: str) -> str:
    """The words of an error without its line, and with the form's word for the field."""
    words = re.sub(r"^Line [0-9]+: ", "", detail)
    key, space, rest = words.partition(" ")
    said = LABELS.get(key)
    if said is None or rest.startswith("="):
        return words[:1].upper() + words[1:]
    return f"{said}{space}{rest}"


def _field_at(text: str, pointer: str) -> str:
    match = _AT.fullmatch(pointer)
    if match is None:
        return "change-role" if pointer == "change" else ""
    line, table, key = int(match[1]), match[2] or "", match[3].strip()
    if table in ("rules", "change"):
        return f"{table}-{key}"
    if table not in _TEXTS:
        return key if key in TOP else ""
    place = text.splitlines()[:line].count(f"[[{table}]]") - 1
    names = {
        "tier": "tiers",
        "verb": "verbs",
        "role": "roles" if table == "actor" else "role",
        "expect": "then",
    }
    names |= {"margin_bp_min": "margin", "margin_bp": "margin"}
    if (
        table == "case"
        and key
        and key not in (*_TEXTS["case"], *_WHOLE["case"], "used", "expect", "margin_bp")
    ):
        key = "name"  # a case that failed is named by its name
    return f"{table}-{max(0, place)}-{names.get(key, key) or 'id'}"
