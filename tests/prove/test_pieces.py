"""Nothing breaks when each piece is tried a little, and each piece would notice if it did."""

from __future__ import annotations

import os
import sys

import pytest
from prove.model import Piece, silent
from prove.pieces import all_pieces

SEED = 11


def _marks(piece: Piece) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.slow] if piece.is_slow else []
    if "postgresql" in piece.id:
        marks.append(pytest.mark.postgres)
    if piece.needs_root:
        reason = f"{piece.id} mounts a volume: run as root on Linux"
        marks.append(pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason=reason))
    return marks


_GIVEN = [pytest.param(piece, id=piece.id, marks=_marks(piece)) for piece in all_pieces()]


@pytest.mark.parametrize("piece", _GIVEN)
def test_nothing_goes_wrong(piece: Piece) -> None:
    outcome = piece.run(piece.sizes.test, SEED, silent)

    print(f"{piece.id}: {outcome.count} {piece.unit}, seed {SEED}, {outcome.facts}")
    assert outcome.failures == ()
    assert outcome.count == piece.sizes.test


@pytest.mark.parametrize("piece", _GIVEN)
def test_without_its_guard_it_goes_wrong(piece: Piece) -> None:
    outcome = piece.control(SEED, silent)

    assert outcome.failures, f"{piece.id}: {piece.control_words}"


def test_no_two_pieces_have_one_id() -> None:
    ids = [piece.id for piece in all_pieces()]

    assert len(set(ids)) == len(ids)
