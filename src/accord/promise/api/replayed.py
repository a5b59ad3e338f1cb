"""What comes out when a decision is decided again, in JSON?"""

from __future__ import annotations

import msgspec

from accord.promise.service.replays import Replay as Replayed


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, decided again on what was seen then."""

    id: str
    is_same: bool
    stored_digest: str
    digest: str
    difference: str


def replay_out(replay: Replayed) -> Replay:
    """What came out when a decision was decided again."""
    return Replay(
        id=replay.decision,
        is_same=replay.same,
        stored_digest=replay.stored_digest,
        digest=replay.digest,
        difference=replay.difference,
    )
