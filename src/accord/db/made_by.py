"""How does a statement say: only what these made?"""

from __future__ import annotations

from collections.abc import Iterable


def made_by(actors: Iterable[str] | None) -> tuple[list[str], dict[str, str]]:
    """The condition on a column `actor`, none for everybody's, with its parameters; a team is few people."""
    if actors is None:
        return [], {}
    named = {f"actor_{place}": actor for place, actor in enumerate(sorted(actors))}
    return [f"actor IN ({', '.join(f':{name}' for name in named)})" if named else "1 = 0"], named
