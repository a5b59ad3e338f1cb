"""What does a promise have in the ledger?"""

from __future__ import annotations

from typing import Protocol

from accord.ledger.model import Commitment, Draw, Supply


class Standing(Protocol):
    """What the promise that a decision changes has in the ledger before it."""

    @property
    def draws(self) -> tuple[Draw, ...]: ...  # all of them, those of its proposed receipts too
    @property
    def supplies(self) -> tuple[Supply, ...]: ...  # receipts it proposed
    @property
    def commitments(self) -> tuple[Commitment, ...]: ...
    @property
    def gives(self) -> tuple[Draw, ...]: ...  # draws that end when it ends or is replaced
    @property
    def drops(self) -> tuple[Supply, ...]: ...  # receipts that go with it: nobody else draws on them
