"""Where is the page of a node, and the list that adds up to one of its numbers?"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from accord.kit.days import Day, iso

_ODD = frozenset(
    {"", ".", "..", "resources", "allocations", "-"}
)  # no item of this name has an address of its own


def node(item: str, site: str = "", **more: str) -> str:
    """The page of an item, at one site."""
    return _of_item(item, "", {"site": site, **more})


def rows(item: str, site: str, kind: str, *, since: Day | None = None, until: Day | None = None) -> str:
    """The list that adds up to a number of a node: entries of a kind that count from a day in [since, until]."""
    span = {"since": iso(since) if since else "", "until": iso(until) if until else ""}
    return _of_item(item, "/rows", {"site": site, "kind": kind, **span})


def capacity(id: str, *, is_supplier: bool, **more: str) -> str:
    """The page of a resource, or of a supplier's capacity."""
    return with_query("/supply/resource", {"id": id, "of": "supplier" if is_supplier else "", **more})


def capacity_rows(id: str, *, is_supplier: bool, since: Day, until: Day, is_overtime: bool = False) -> str:
    """The draws that add up to what is taken of a capacity in [since, until]."""
    wanted = {"id": id, "of": "supplier" if is_supplier else "", "overtime": "1" if is_overtime else ""}
    return with_query("/supply/resource/rows", {**wanted, "since": iso(since), "until": iso(until)})


def peg_rows(item: str, site: str, supply: str) -> str:
    """What a supply covers, as things are."""
    return _of_item(item, "/rows", {"site": site, "kind": "covers", "supply": supply})


def share_rows(item: str, site: str, id: str) -> str:
    """The draws that add up to what is taken of a share."""
    return _of_item(item, "/rows", {"site": site, "kind": "share", "share": id})


def promise(id: str) -> str:
    """The page of a promise."""
    return f"/promises/{quote(id, safe='')}"


def _of_item(item: str, end: str, wanted: dict[str, str]) -> str:
    # A slash in an address always parts it, so an id that has one is named in the query.
    if item in _ODD or "/" in item:
        return with_query(f"/supply/-{end}", {"item": item, **wanted})
    return with_query(f"/supply/{quote(item, safe='')}{end}", wanted)


def with_query(path: str, wanted: dict[str, str]) -> str:
    """An address with what is asked of it; what is empty is left out."""
    given = {name: value for name, value in wanted.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
