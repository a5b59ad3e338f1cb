"""Which id does a child get, and which kind does an id carry?

Pure, and apart from `ids` for that reason: what decides may derive ids, but has neither clock nor chance to make one.
"""

import re

from accord.kit.errors import Fault, InputError

_KIND = re.compile(r"([a-z][a-z0-9]{1,7})_[^\s_]\S*", re.ASCII)


def derive(prefix: str, base: str, *numbers: int) -> str:
    """The id of a child: the same suffix, another kind, and the child's numbers. The same arguments give the same id."""
    kind_of(base)
    if numbers and min(numbers) < 0:
        raise Fault(f"an id is derived with numbers from 0 up, not {numbers}")
    return "-".join([f"{prefix}_{base.partition('_')[2]}", *map(str, numbers)])


def kind_of(id: str) -> str:
    """The kind an id carries: `com` of `com_06b3...`.

    Raises: InputError when it is not an id.
    """
    match = _KIND.fullmatch(id)
    if match is None:
        raise InputError.at(
            "id", "not_an_id", f"{id[:60]!r} is not an id. Ids look like com_06b3x0...: copy it whole."
        )
    return match[1]
