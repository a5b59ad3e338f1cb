"""What was done, by whom, and has anybody changed the record of it?

The latest first; searched by what an entry says; one entry with the hash that binds it to the one before; the whole
verified while one looks on; a checkpoint and the entries themselves to take away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter
from litestar.response import Response, Template

from accord.connect.files.rejected import harmless
from accord.db import audit_search, proof
from accord.db.audit import Finding
from accord.db.audit_search import Kept, Wanted, Whole
from accord.db.engine import Database
from accord.kit.days import Instant, day_of, instant_iso, local_day, midnight
from accord.kit.doors import Doors
from accord.kit.errands import Seen, Tell, errands_of
from accord.kit.errors import InputError, Unavailable
from accord.kit.ids import new_id
from accord.ledger.said import age, moment
from accord.web.pages.audited import ABOUT, FOUND, TYPES, named

ROWS = 50
EXPORT_MAX = 50_000
FINDINGS_MAX = 100  # shown of a record that is broken in more places
WAIT_SECONDS = 0.8  # for a check that is soon over; a longer one is looked at again

Visitor = Request[Any, Any, State]
Text = Annotated[str, QueryParameter(max_length=200)]
After = Annotated[str | None, QueryParameter(max_length=120)]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for, as it was typed."""

    q: str = ""
    actor: str = ""
    type: str = ""
    first: str = ""  # days of UTC
    last: str = ""

    @property
    def wanted(self) -> Wanted:
        """Raises: InputError naming the field that is no day."""
        from_at = _midnight(self.first, "first")
        until_at = _midnight(self.last, "last", more_days=1)
        if from_at is not None and until_at is not None and until_at <= from_at:
            raise InputError.at("last", "before_the_first", "The last day comes before the first one.")
        return Wanted(value=self.q, actor=self.actor, type=self.type, from_at=from_at, until_at=until_at)

    @property
    def query(self) -> dict[str, str]:
        """What an address needs to say it again."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if value}


def _asked(q: str, actor: str, type: str, first: str, last: str) -> Asked:
    return Asked(q=q.strip(), actor=actor.strip(), type=type.strip(), first=first.strip(), last=last.strip())


@get("/audit", opt={"operation": "audit.read"}, include_in_schema=False, sync_to_thread=True)
def audit_page(
    state: State,
    request: Visitor,
    q: Text = "",
    actor: Text = "",
    type: Text = "",
    first: Text = "",
    last: Text = "",
    after: After = None,
) -> Template:
    """Entries, the latest first."""
    asked = _asked(q, actor, type, first, last)
    return _page(state["db"], asked, after, request.state.doors)


@get(
    "/audit/{chain:str}/{seq:int}",
    opt={"operation": "audit.read"},
    include_in_schema=False,
    sync_to_thread=True,
)
def entry_page(state: State, chain: FromPath[str], seq: FromPath[int]) -> Template:
    """One entry, and what proves it."""
    db: Database = state["db"]
    with db.read() as tx:
        found, now = audit_search.one(tx, chain, seq), tx.now()
    entry = found.entry
    context = {
        "entry": _row(entry, now),
        "members": [_member(name, value) for name, value in entry.members.items()],
        "body": _text(entry.body),
        "commitment": entry.commitment,
        "has_personal": entry.has_personal,
        "hash": entry.hash,
        "before": found.before,
        "fits": found.fits,
        "is_first": found.is_first,
        "is_last": found.is_last,
        "is_signed": found.is_signed,
    }
    return Template(template_name="audit_entry.html", context=context)


@get("/audit/verify", opt={"operation": "audit.verify"}, include_in_schema=False, sync_to_thread=True)
def verify_page(
    state: State, request: Visitor, run: Annotated[str, QueryParameter(max_length=40)] = ""
) -> Template:
    """Recompute the whole record; a long one is looked at again until it is done. It only reads."""
    db: Database = state["db"]
    if not run.startswith("chk_"):
        run = new_id("chk")
    with db.read() as tx:
        whole = audit_search.whole(tx)

    def work(tell: Tell) -> _Checked:
        with db.read() as tx:
            # All of one snapshot: what came since was not looked at.
            return _Checked(
                whole=audit_search.whole(tx), proof=proof.prove(tx, on_progress=tell), at=tx.now()
            )

    try:
        seen = errands_of(db).look(f"audit {run}", work, wait_seconds=WAIT_SECONDS)
    except Unavailable as busy:
        seen = Seen(done=0, is_over=True, error=busy)
    context = {"run": run, **_verified(seen, whole)}
    is_part = request.headers.get("HX-Request") == "true" and "HX-Boosted" not in request.headers
    return Template(template_name="_audit_check.html" if is_part else "audit_check.html", context=context)


@post(
    "/audit/checkpoint",
    opt={"operation": "audit.export"},
    include_in_schema=False,
    status_code=200,
    sync_to_thread=True,
)
def checkpoint_file(state: State, request: Visitor) -> Response[bytes] | Template:
    """Sign the record as it is, and give the checkpoint away."""
    db: Database = state["db"]
    try:
        made = proof.sign(db, None)
    except InputError as error:
        return _page(db, Asked(), None, request.state.doors, notice=error.detail, status=error.status)
    return _download(
        msgspec.json.encode(made) + b"\n", f"accord-checkpoint-{made.seq}.jsonl", "application/jsonl"
    )


@get("/audit/export", opt={"operation": "audit.read"}, include_in_schema=False, sync_to_thread=True)
def export_file(
    state: State,
    request: Visitor,
    q: Text = "",
    actor: Text = "",
    type: Text = "",
    first: Text = "",
    last: Text = "",
    form: Text = "csv",
) -> Response[bytes] | Template:
    """What was searched for, as a file: the earliest first."""
    db: Database = state["db"]
    asked = _asked(q, actor, type, first, last)
    try:
        if form not in _FORMS:
            raise InputError.at("form", "unknown_form", "Entries come as csv or jsonl.")
        with db.read() as tx:
            found, now = audit_search.every(tx, asked.wanted, most=EXPORT_MAX), tx.now()
    except InputError as error:
        return _page(db, asked, None, request.state.doors, notice=error.detail, status=error.status)
    written, media_type = _FORMS[form]
    return _download(written(found), f"accord-audit-{instant_iso(now)[:10]}.{form}", media_type)


PAGES = [audit_page, entry_page, verify_page, checkpoint_file, export_file]


# --- the list ---


def _page(
    db: Database, asked: Asked, after: str | None, doors: Doors, *, notice: str = "", status: int = 200
) -> Template:
    errors: dict[str, str] = {}
    found = audit_search.Page(entries=(), following=None)
    with db.read() as tx:
        now = tx.now()
        whole = audit_search.whole(tx)
        try:
            found = audit_search.search(tx, asked.wanted, after=after, limit=ROWS)
        except InputError as error:
            errors = {one.pointer: one.detail for one in error.errors}
            status = error.status
    context = {
        "asked": asked,
        "query": asked.query,
        "types": [("", "Everything"), *TYPES.items()],
        "errors": errors,
        "notice": notice,
        "may_verify": doors.opens("audit.verify"),
        "may_export": doors.opens("audit.export"),
        "whole": _whole(whole, now),
        "rows": [_row(one, now) for one in found.entries],
        "following": {**asked.query, "after": found.following} if found.following else None,
        "looked_back_to": "" if found.looked_back_to is None else moment(found.looked_back_to),
        "is_later": after is not None,
        "run": new_id("chk"),
    }
    return Template(template_name="audit.html", context=context, status_code=status)


def _whole(whole: Whole, now: Instant) -> dict[str, object]:
    return {
        "entries": f"{whole.entries:,}",
        "is_empty": not whole.entries,
        "chains": whole.chains,
        "since": "" if whole.first_at is None else moment(whole.first_at),
        "checkpoint": whole.checkpoint,
        "checkpoint_age": "" if whole.checkpoint_at is None else age(whole.checkpoint_at, now),
        "unsigned": f"{whole.unsigned:,}",
        "is_signed": not whole.unsigned,
    }


def _row(entry: Kept, now: Instant) -> dict[str, object]:
    said = entry.members
    about = next((name for name in ABOUT if isinstance(said.get(name), str)), "")
    return {
        "at": _to_the_second(entry.at, now),
        "at_exactly": instant_iso(entry.at),
        "word": named(entry.type),
        "type": entry.type,
        "actor": _short(said.get("actor")),
        "about": _short(said.get(about)) if about else "",
        "about_what": about,
        "about_href": _href(about, said.get(about)),
        "href": f"/audit/{entry.chain_id}/{entry.seq}",
        "seq": entry.seq,
        "chain": entry.chain_id,
        "hash": str(entry.hash)[:12],
    }


def _to_the_second(at: Instant, now: Instant) -> str:
    return f"{moment(at, local_day(now, 'UTC')).removesuffix(' UTC')}:{instant_iso(at)[17:19]}"


def _member(name: str, value: object) -> dict[str, object]:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return {"name": name.replace("_", " "), "value": text, "href": _href(name, value)}


def _href(name: str, value: object) -> str:
    if not isinstance(value, str):
        return ""
    if name == "promise" and value.startswith("prm_"):
        return f"/promises/{value}"
    return f"/approvals/{value}" if name == "approval" and value.startswith("apr_") else ""


def _short(value: object) -> str:
    return "" if value is None else str(value)[:120]


def _text(body: object) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else repr(body)


def _midnight(text: str, name: str, *, more_days: int = 0) -> Instant | None:
    return midnight(day_of(text, pointer=name) + more_days, "UTC") if text else None


# --- the check ---


class _Checked(msgspec.Struct, frozen=True):
    """What came out of a look at the whole record."""

    whole: Whole
    proof: proof.Proof
    at: Instant


def _verified(seen: Seen[_Checked], whole: Whole) -> dict[str, object]:
    if not seen.is_over:
        return {
            "is_over": False,
            "done": f"{seen.done:,}",
            "of": f"{whole.entries:,}",
            "done_exactly": min(seen.done, whole.entries),
            "of_exactly": max(1, whole.entries),
        }
    if seen.error is not None or seen.result is None:
        return {"is_over": True, "error": seen.error.detail if seen.error is not None else ""}
    found, whole, at = seen.result.proof, seen.result.whole, seen.result.at
    return {
        "is_over": True,
        "error": "",
        "is_whole": not found.findings,
        "entries": f"{found.entries:,}",
        "checkpoints": "1 checkpoint" if found.checkpoints == 1 else f"{found.checkpoints:,} checkpoints",
        "unchecked": found.unchecked,
        "since": "" if whole.first_at is None else moment(whole.first_at),
        "checked": moment(at),
        "checkpoint": whole.checkpoint,
        "checkpoint_at": "" if whole.checkpoint_at is None else moment(whole.checkpoint_at),
        "count": f"{len(found.findings):,}",
        "findings": [_finding(one) for one in found.findings[:FINDINGS_MAX]],
        "more": f"{len(found.findings) - FINDINGS_MAX:,}" if len(found.findings) > FINDINGS_MAX else "",
    }


def _finding(finding: Finding) -> dict[str, str]:
    where = f"entry {finding.seq} of {finding.chain_id}" if finding.chain_id else f"checkpoint {finding.seq}"
    href = f"/audit/{finding.chain_id}/{finding.seq}" if finding.chain_id and finding.seq else ""
    return {"what": FOUND[finding.what], "where": where, "href": href, "detail": finding.detail}


# --- files ---


def _as_csv(entries: list[Kept]) -> bytes:
    """For a spreadsheet: what it would compute, it shows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["at", "type", "actor", "promise", "request", "says", "chain", "number", "hash"])
    for one in entries:
        said = one.members
        cells = [
            instant_iso(one.at),
            one.type,
            _cell(said.get("actor")),
            _cell(said.get("promise")),
            _cell(said.get("request", said.get("id"))),
            _text(one.body),
            one.chain_id,
            str(one.seq),
            one.hash,
        ]
        writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode()


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _as_lines(entries: list[Kept]) -> bytes:
    """For programs: each entry as it is kept, a line each."""
    lines = [
        {
            "at": instant_iso(one.at),
            "type": one.type,
            "body": _text(one.body),
            "commitment": one.commitment,
            "chain": one.chain_id,
            "number": one.seq,
            "hash": one.hash,
        }
        for one in entries
    ]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


_FORMS: dict[str, tuple[Callable[[list[Kept]], bytes], str]] = {
    "csv": (_as_csv, "text/csv"),
    "jsonl": (_as_lines, "application/jsonl"),
}


def _download(body: bytes, name: str, media_type: str) -> Response[bytes]:
    return Response(
        body,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
