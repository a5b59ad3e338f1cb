"""What does one table of a policy file say? Each field is asked for by what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from accord.kit.errors import AccordError
from accord.kit.money import parse_money
from accord.policy.model import ANY, Answer, Verb
from accord.policy.words.file import File

T = TypeVar("T")
Value = object  # whatever TOML can hold

_LENGTH = re.compile(r"([0-9]{1,6})\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class Table:
    """One table of the file; what is taken of it is checked, what is left at the end is not known."""

    def __init__(self, file: File, name: str, place: int | None, values: dict[str, Value]) -> None:
        self.file = file
        self.name = name
        self.place = place or 0
        self.values = values
        self._taken: set[str] = set()

    def wrong(self, key: str, code: str, detail: str) -> None:
        self.file.wrong(self.name, self.place, key, code, detail)

    def take(self, *keys: str) -> None:
        self._taken.update(keys)

    def end(self) -> None:
        """Whatever was not asked for is a mistake."""
        for key in self.values:
            if key not in self._taken:
                known = ", ".join(sorted(self._taken))
                self.wrong(key, "unknown_field", f"{key!r} is not known here; use one of {known}.")

    def get(self, key: str, kind: type[T], what: str, default: T) -> T:
        self._taken.add(key)
        value = self.values.get(key, default)
        if value is default:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.wrong(key, "wrong_type", f"{key} is {what}, not {said(value)}.")
            return default
        return value

    def text(self, key: str, default: str = "") -> str:
        return self.get(key, str, "text in quotes", default)

    def needed(self, key: str) -> str:
        found = self.text(key)
        if not found and key not in {field.pointer.rpartition(" ")[2] for field in self.file.errors}:
            self.wrong(key, "missing", f"{key} is missing; add it.")
        return found

    def flag(self, key: str) -> bool:
        return self.get(key, bool, "true or false", False)

    def whole(self, key: str, *, least: int | None = 0) -> int | None:
        if key not in self.values:
            self._taken.add(key)
            return None
        found = self.get(key, int, "a whole number", -1)
        if least is not None and found < least:
            if isinstance(self.values[key], int):
                self.wrong(key, "too_small", f"{key} is {least} or more, not {found}.")
            return None
        return found

    def money(self, key: str, currency: str) -> int | None:
        """Minor units of "1000.00" or 1000."""
        self._taken.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | str):
            self.wrong(
                key, "not_an_amount", f'{key} is an amount in quotes, such as "1000.00", not {said(value)}.'
            )
            return None
        return self.amount(key, str(value), currency)

    def length(self, key: str) -> int | None:
        """Seconds of "48h"."""
        self._taken.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        match = _LENGTH.fullmatch(value.strip().lower()) if isinstance(value, str) else None
        if match is None or int(match[1]) == 0:
            self.wrong(
                key,
                "not_a_length",
                f'{key} is a length of time such as "90m", "48h" or "7d", not {said(value)}.',
            )
            return None
        return int(match[1]) * _SECONDS[match[2]]

    def names(self, *keys: str) -> tuple[str, ...]:
        """One name or several, under either of these keys."""
        found: list[str] = []
        for key in keys:
            self._taken.add(key)
            value = self.values.get(key, [])
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str):
                    found.append(one)
                else:
                    self.wrong(
                        key, "wrong_type", f"{key} is a name in quotes, or a list of them, not {said(one)}."
                    )
        return tuple(found)

    def one_of(self, key: str, kind: Callable[[str], T], known: list[str], default: T | None) -> T | None:
        found = self.text(key)
        if not found and default is not None and key not in self.values:
            return default
        if found not in known:
            self.wrong(
                key, "unknown_word", f"{key} is one of {', '.join(known)}, not {said(self.values.get(key))}."
            )
            return default
        return kind(found)

    def verbs(self, default: tuple[Verb, ...]) -> tuple[Verb, ...]:
        found = []
        for name in self.names("verb", "verbs"):
            if name in Verb.__members__:
                found.append(Verb(name))
            else:
                self.wrong(
                    "verb", "unknown_word", f"there is no verb {name!r}; use {', '.join(Verb.__members__)}."
                )
        return tuple(found) or default

    def tiers(self) -> tuple[str, ...]:
        found = self.names("tier", "tiers")
        return () if ANY in found else found

    def answer(self, key: str) -> tuple[Answer, str]:
        """ "allow", "deny" or "ask <role>"."""
        words = self.text(key)
        first, _, role = words.partition(" ")
        if first == "ask" and role.strip():
            return Answer.ask, role.strip()
        if words in ("allow", "deny"):
            return Answer(words), ""
        if key not in self.values:
            self.wrong(
                key,
                "missing",
                f'{key} is missing; say "allow", "ask" with the role that must agree, or "deny".',
            )
        elif isinstance(self.values[key], str):
            self.wrong(
                key,
                "unknown_word",
                f'{key} is "allow", "ask" with a role behind it, or "deny", not {words!r}.',
            )
        return Answer.deny, ""

    def amount(self, key: str, text: str, currency: str) -> int | None:
        """Minor units of an amount in words."""
        try:
            return parse_money(text, currency, key)
        except AccordError as error:
            self.wrong(key, "not_an_amount", error.detail)
            return None


def said(value: Value) -> str:
    """A value as it was written, for an error."""
    return "nothing" if value is None else f"{value!r}"[:60]
