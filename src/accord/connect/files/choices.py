"""What did a person say where a file can be read in several ways, or where something in it is not known?

A choice is a pair of words. `dates:orders.csv:due` = `%d/%m/%Y` says how one column is read, `dates:orders.csv` a file,
`dates` all; so do `decimal`, `encoding` and `delimiter`. `unknown_item:X-9` = `skip`, `create` or `map X-10` repairs a
problem in all rows at once, `unknown_item:*` all problems of that kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accord.kit.errors import InputError

READINGS = ("dates", "decimal", "encoding", "delimiter")
CREATED = {"item": "items", "site": "sites", "supplier": "suppliers", "customer": "customers"}  # noun: target
MAPPED = frozenset([*CREATED, "calendar", "tier", "resource"])
# Which of our nouns a field names.
NOUNS = {
    "item": "item",
    "component": "item",
    "other": "item",
    "alternates": "item",
    "site": "site",
    "origin": "site",
    "destination": "site",
    "supplier": "supplier",
    "customer": "customer",
    "calendar": "calendar",
    "tier": "tier",
    "resource": "resource",
    "also": "resource",
}
_MAX = 10_000


class Choices:
    """Everything that was said, looked up from the narrowest to the widest."""

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        """Raises: InputError naming the choice that says nothing."""
        self.said = dict(said or {})
        if len(self.said) > _MAX:
            raise InputError.at("say", "too_many", f"More than {_MAX:,} choices. Repair the file instead.")
        self.mapped: dict[str, dict[str, str]] = {}
        for name, value in self.said.items():
            self._take(name, value)

    def _take(self, name: str, value: str) -> None:
        kind, colon, word = name.partition(":")
        if kind in READINGS:
            if not value or (kind == "decimal" and value not in (".", ",")):
                raise _wrong(name, 'decimal is "." or ",", dates a form such as %d/%m/%Y')
            return
        verb, _, to = value.partition(" ")
        noun = kind.removeprefix("unknown_")
        if not colon or not word:
            raise _wrong(name, "it names no word: unknown_item:X-9, or unknown_item:* for all of them")
        if verb == "skip" and not to:
            return
        if verb == "create" and not to and noun in CREATED and kind != noun and word != "*":
            return
        if verb == "map" and to.strip() and noun in MAPPED and kind != noun and word != "*":
            self.mapped.setdefault(noun, {})[word] = to.strip()
            return
        raise _wrong(name, "say skip, or of an unknown item, site, supplier or customer create or map NAME")

    def reading(self, kind: str, file: str, column: str | None = None) -> str | None:
        """How a column, a file or everything is read; None where nobody said it."""
        names = (
            [f"{kind}:{file}", kind]
            if column is None
            else [f"{kind}:{file}:{column}", f"{kind}:{file}", kind]
        )
        return next((self.said[name] for name in names if name in self.said), None)

    def skips(self, code: str, word: str) -> bool:
        """Whether rows with this problem are left out."""
        return "skip" in (self.said.get(f"{code}:{word}"), self.said.get(f"{code}:*"))

    def word(self, field: str, found: str) -> str:
        """The word that is meant by a word of theirs."""
        return self.mapped.get(NOUNS.get(field, ""), {}).get(found, found)

    def created(self) -> Iterable[tuple[str, str]]:
        """What is to be made, as (target, id)."""
        for name, value in sorted(self.said.items()):
            kind, _, word = name.partition(":")
            if value == "create":
                yield CREATED[kind.removeprefix("unknown_")], word


def _wrong(name: str, why: str) -> InputError:
    return InputError.at(f"say:{name}", "not_a_choice", f"The choice {name[:80]!r} cannot be used: {why}.")
