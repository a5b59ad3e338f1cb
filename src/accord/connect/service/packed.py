"""How does what comes in lie beside the ledger until it is let in? In pieces of some thousand things each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from accord.connect.model import Finding, Note, OpenLine, Translation
from accord.exceptions.model import (
    Counted,
    DayRolled,
    MasterStated,
    News,
    OpeningLine,
    ReceiptArrived,
    ReceiptStated,
    Shipped,
)
from accord.ledger.decide.records import from_record, kind_name, to_body
from accord.policy.model import Customer, Price, Rules, Tier

PIECE = 2_000  # things
_POLICY: dict[str, type[Customer | Tier | Price | Rules]] = {
    "customer": Customer,
    "tier": Tier,
    "price": Price,
    "rules": Rules,
}
_KINDS = {type_: name for name, type_ in _POLICY.items()}


class _Piece(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    masters: tuple[tuple[str, bytes], ...] = ()
    ends: tuple[tuple[str, str], ...] = ()
    news: tuple[Counted | ReceiptStated | ReceiptArrived | Shipped | DayRolled | OpeningLine, ...] = ()
    policy: tuple[tuple[str, msgspec.Raw], ...] = ()
    lines: tuple[OpenLine, ...] = ()


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of all of it; the last piece."""

    source: str
    notes: tuple[Note, ...]
    findings: tuple[Finding, ...]
    read: dict[str, int]
    tallies: dict[str, int]
    horizon_on: int | None
    depth_min: int
    left_out: int
    vanished: tuple[str, ...]
    pieces: int


def pack(one: Translation) -> Iterator[bytes]:
    """The pieces, the last of which says how many there are: until it is there, something is missing."""
    encode = msgspec.msgpack.Encoder().encode
    things = [*one.news, *one.policy, *one.lines]
    count = 0
    for start in range(0, len(things), PIECE):
        yield encode(_piece(things[start : start + PIECE]))
        count += 1
    yield encode(
        _Head(
            source=one.source,
            notes=one.notes,
            findings=one.findings,
            read=one.read,
            tallies=one.tallies,
            horizon_on=one.horizon_on,
            depth_min=one.depth_min,
            left_out=one.left_out,
            vanished=one.vanished,
            pieces=count,
        )
    )


def _piece(things: Iterable[object]) -> _Piece:
    masters, ends, news, policy, lines = [], [], [], [], []
    for one in things:
        match one:
            case MasterStated(record=record) if record is not None:
                masters.append((kind_name(record), to_body(record)))
            case MasterStated(ends=gone) if gone is not None:
                ends.append(gone)
            case OpenLine():
                lines.append(one)
            case Customer() | Tier() | Price() | Rules():
                policy.append((_KINDS[type(one)], msgspec.Raw(msgspec.msgpack.encode(one))))
            case _:
                news.append(one)
    return _Piece(
        masters=tuple(masters),
        ends=tuple(ends),
        news=tuple(news),  # type: ignore[arg-type]
        policy=tuple(policy),
        lines=tuple(lines),
    )


def unpack(pieces: Iterable[bytes]) -> Translation | None:
    """What was packed, without the rows that were rejected; None while pieces are missing."""
    found = list(pieces)
    if not found:
        return None
    try:
        head = msgspec.msgpack.decode(found[-1], type=_Head)
    except msgspec.ValidationError:
        return None
    if head.pieces != len(found) - 1:
        return None
    decode = msgspec.msgpack.Decoder(_Piece).decode
    news: list[News] = []
    policy: list[Customer | Tier | Price | Rules] = []
    lines: list[OpenLine] = []
    for packed in found[:-1]:
        piece = decode(packed)
        news += [MasterStated(record=from_record(kind, body)) for kind, body in piece.masters]  # type: ignore[arg-type]
        news += [MasterStated(ends=gone) for gone in piece.ends]
        news += piece.news
        policy += [msgspec.msgpack.decode(body, type=_POLICY[kind]) for kind, body in piece.policy]
        lines += piece.lines
    return Translation(
        source=head.source,
        news=tuple(news),
        policy=tuple(policy),
        lines=tuple(lines),
        notes=head.notes,
        findings=head.findings,
        read=head.read,
        tallies=head.tallies,
        horizon_on=head.horizon_on,
        depth_min=head.depth_min,
        left_out=head.left_out,
        vanished=head.vanished,
    )
