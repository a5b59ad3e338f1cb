"""What are the pieces of a line, and what is wrong with one that cannot be read?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from accord.kit.errors import InputError

EXAMPLE = "500 X-100 by 12 mar for Northwind at 18.50"
LINE_LENGTH_MAX = 500


class Span(msgspec.Struct, frozen=True):
    """Where in the line a value stands, to show it as a chip: characters from `start` up to, not with, `stop`."""

    field: str  # quantity, unit, item, by, customer, price, currency, ship_to
    start: int
    stop: int


class Token(msgspec.Struct, frozen=True):
    text: str
    start: int
    stop: int
    quoted: bool


_TOKEN = re.compile(r'"(?P<straight>[^"]*)"(?=[\s,;]|$)|“(?P<curly>[^”]*)”(?=[\s,;]|$)|(?P<plain>[^ \t]+)')


def tokens_of(line: str) -> list[Token]:
    """The words of the line; what stands in double quotes at the start of a word is one of them."""
    if len(line) > LINE_LENGTH_MAX:
        detail = (
            f"The line has {len(line)} characters, the most is {LINE_LENGTH_MAX}. Ask for one item a line."
        )
        raise wrong("line", "too_long", detail)
    line = line.rstrip()
    for character in line:
        if character != "\t" and unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            detail = (
                "The line holds a line break or a character that cannot be shown. Ask for one item a line."
            )
            raise wrong("line", "unreadable_character", detail)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(line.rstrip("?!")):
        start, stop = match.span()
        inside = match["straight"] if match["straight"] is not None else match["curly"]
        if inside is not None:
            if not inside.strip():
                raise wrong(
                    "line",
                    "empty_quotes",
                    f"There is nothing between the quotes. Write for example: {EXAMPLE}",
                )
            tokens.append(Token(" ".join(inside.split()), start, stop, quoted=True))
            continue
        text = match[0]
        if text[0] in '"“':
            raise wrong(
                "line",
                "open_quotes",
                f"The quotes before {text[1:21]!r} are never closed. Close them or leave them out.",
            )
        if text[0] == "@" and len(text) > 1:
            tokens.append(Token("@", start, start + 1, quoted=False))
            text, start = text[1:], start + 1
        text = text.rstrip(",;")
        if text:
            tokens.append(Token(text, start, start + len(text), quoted=False))
    return tokens


def text_of(tokens: Sequence[Token]) -> str:
    return " ".join(token.text for token in tokens)


def span_of(field: str, tokens: Sequence[Token]) -> Span:
    return Span(field, tokens[0].start, tokens[-1].stop)


def wrong(field: str, code: str, detail: str) -> InputError:
    return InputError.at(f"/{field}", code, detail)
