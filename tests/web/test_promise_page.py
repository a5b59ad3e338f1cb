"""One promise: how it stands and why, what happened to it in order, what proves it, and how it is amended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
from litestar.testing import TestClient
from tests.company import said_day
from tests.promise.rights_company import MANAGER, RIGHTS
from tests.web.test_pages import page
from tests.web.test_promises_page import ask, held, words
from tests.web.test_workbench import commit

from accord.db.engine import Database
from accord.exceptions.model import Counted, Shipped
from accord.exceptions.service import supply_changed
from accord.kit.days import Day, iso
from accord.policy import service as policy
from accord.policy.model import Actor
from accord.promise import service
from accord.promise.model import Line, Request, Verb
from accord.promise.service.course import Kind, course

Visitor = TestClient[Any]


def put_count(file: Database, quantity: int, sequence: int) -> None:
    count = Counted(item="X-100", site="Halden", quantity=quantity, as_of=1, sequence=sequence)
    supply_changed(file, [count], actor="erp", id=f"count-{sequence}")


def ship(file: Database, promise: str, quantity: int) -> None:
    (one,) = [one for one in service.promise_of(file, promise).commitments if one.state.is_open]
    with file.read() as tx:
        at = tx.now()
    supply_changed(
        file,
        [Shipped(commitment=one.id, quantity=quantity, at=at)],
        actor="erp",
        id=f"left-{one.id}-{quantity}",
    )


def amended(
    today: Day, quantity: str = "12", ahead: int = 5, price: str = "18.50", item: str = "X-100"
) -> dict[str, Any]:
    return {
        "item": [item, ""],
        "quantity": [quantity, ""],
        "on": [iso(today + ahead), ""],
        "price": [price, ""],
    }


def form_of(visitor: Visitor, id: str, **lines: Any) -> dict[str, str]:
    """The form that a page of amending gives, with everything it needs."""
    found = page(visitor.get(f"/promises/{id}/amend", params=lines))
    return {name: found.fields[name] for name in ("query", "option", "digest", "key", "version")}


# --- the page ---


def test_everything_that_happened_is_told_in_its_order_with_who_and_why(
    visitor: Visitor, file: Database, today: Day, noon: Callable[[int], None]
) -> None:
    id = held(file, today, "SO-1", 10)
    noon(60)
    ask(file, "longer", Verb.hold, promise=id, hold_seconds=7_200)
    noon(60)
    ask(file, "firm", Verb.commit, promise=id)
    noon(60)
    line = Line(item="X-100", quantity=12, requested_on=today + 4, price_minor=1_900)
    ask(file, "more", Verb.amend, promise=id, lines=(line,), note="they need two more")
    noon(60)
    put_count(file, 5, 2)
    noon(60)
    put_count(file, 100, 3)
    noon(60)
    ship(file, id, 12)

    found = course(file, id)
    said = words(visitor.get(f"/promises/{id}"))

    assert [one.kind for one in found.happened] == [
        Kind.held,
        Kind.extended,
        Kind.hardened,
        Kind.amended,
        Kind.uncovered,
        Kind.covered,
        Kind.left,
    ]
    places = [
        said.index(text)
        for text in (
            "Held 10 X-100 for",
            "Held longer, until",
            "Committed what was held",
            "Amended: X-100 10 → 12",
            "7 X-100 at Halden not covered by supply",
            "Because of a count, told by erp.",
            "Covered by supply again",
            "12 X-100 left Halden",
        )
    ]
    assert places == sorted(places)
    assert "€18.50 → €19.00" in said
    assert "“they need two more”" in said
    assert "12 X-100: all of it has left." in said


def test_what_supply_does_not_cover_stands_first_with_who_sees_to_it(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"20 X-100 by {said_day(today, 5)} for Northwind at 18.50", ref="SO-1").promise or ""
    put_count(file, 5, 2)

    shown = visitor.get(f"/promises/{id}")

    assert "Supply does not cover 15 X-100 of 20 X-100, promised for" in words(shown)
    assert "Committed, not covered" in words(shown)
    assert "15 X-100 at Halden" in words(shown)
    assert "planner" in words(shown)
    assert "/supply/X-100?site=Halden" in page(shown).links


def test_what_covers_it_is_said_and_leads_to_whom_else_that_serves(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"120 X-100 by {said_day(today, 15)} for Northwind at 18.50", ref="SO-1").promise or ""

    shown = visitor.get(f"/promises/{id}")

    assert "100 on hand , 20 with PO 1," in words(shown)
    covers = [link for link in page(shown).links if "kind=peg" in link or "/rows?" in link]
    assert len(covers) == 2
    assert all(visitor.get(link).status_code == 200 for link in covers)


def test_what_it_earned_is_shown_to_whoever_may_read_it_raw(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"20 X-100 by {said_day(today, 5)} at 18.50", ref="SO-1").promise or ""

    said = words(visitor.get(f"/promises/{id}"))

    assert "Value €370.00" in said
    assert "Margin when promised €130.00 · 35 %" in said


def test_each_decision_is_held_against_the_record_and_a_change_is_found(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = held(file, today, "SO-1", 10)
    ask(file, "firm", Verb.commit, promise=id)

    proofs = course(file, id).proofs
    said = words(visitor.get(f"/promises/{id}"))

    assert [(one.verb, one.holds, one.is_signed) for one in proofs] == [
        (Verb.hold, True, False),
        (Verb.commit, True, False),
    ]
    assert proofs[0].sequence < proofs[1].sequence
    assert proofs[1].hash in said
    assert "All 2 decisions about it fit the record" in said

    # Somebody with the file in his hands changes the first decision, and then the entry of the second.
    with file.write() as tx:
        tx.execute(
            "UPDATE decision SET body = CAST(replace(CAST(body AS TEXT), :was, :now) AS BLOB) WHERE id = :id",
            id=proofs[0].decision,
            was='"quantity":10',
            now='"quantity":11',
        )
        tx.execute(
            "UPDATE audit SET hash = :hash WHERE chain_id = :chain AND seq = :seq",
            hash="0" * 64,
            chain=proofs[1].chain,
            seq=proofs[1].sequence,
        )

    now = course(file, id).proofs
    assert [(one.is_intact, one.is_same) for one in now] == [(True, False), (False, True)]
    said = words(visitor.get(f"/promises/{id}"))
    assert "2 of 2 decisions do not fit the record." in said
    assert "The decision that is kept is not the one that was recorded." in said
    assert "The entry, or the one before it, was changed." in said


def test_the_raw_decision_is_the_very_bytes_that_were_kept(
    visitor: Visitor, file: Database, today: Day
) -> None:
    made = commit(file, f"20 X-100 by {said_day(today, 5)}", ref="SO-1")
    id = made.promise or ""

    shown = page(visitor.get(f"/promises/{id}/raw"))
    raw = visitor.get(f"/promises/{id}/raw", params={"decision": made.id, "form": "json"})

    assert made.request.id in shown.text
    assert raw.headers["content-type"].startswith("application/json")
    assert msgspec.json.decode(raw.content)["id"] == made.id
    with file.read() as tx:
        ((body,),) = tx.rows("SELECT body FROM decision WHERE id = :id", id=made.id)
    assert raw.content == body
    other = held(file, today, "SO-2", 1)
    assert visitor.get(f"/promises/{other}/raw", params={"decision": made.id}).status_code == 404


def test_an_order_promised_elsewhere_says_so(visitor: Visitor, file: Database, today: Day) -> None:
    from accord.exceptions.model import OpeningLine

    opening = OpeningLine(
        customer="C1", item="X-100", site="Halden", quantity=4, requested_on=today + 2, promised_on=today + 2, ref="OLD-1", price_minor=2_000,
    )  # fmt: skip
    supply_changed(file, [opening], actor="erp", id="openings")

    said = words(visitor.get("/promises/OLD-1"))

    assert "Promised elsewhere, before Accord" in said
    assert "nothing was decided about it here" in said
    assert "Value €80.00" in said
    assert visitor.get("/promises/OLD-1/raw").status_code == 404


def test_what_is_over_is_asked_for_again_with_one_press(
    visitor: Visitor, file: Database, today: Day, noon: Callable[[int], None]
) -> None:
    id = held(file, today, "SO-1", 10, hold_seconds=60)
    noon(61)

    shown = page(visitor.get(f"/promises/{id}"))

    assert "The hold ended by itself" in shown.text
    (again,) = [link for link in shown.links if link.startswith("/?q=10")]
    assert "Northwind" in page(visitor.get(again)).text
    refused = visitor.post(f"/promises/{id}", data={"verb": "commit", "key": "late"})
    assert refused.status_code == 409
    assert "The hold SO-1 has expired" in page(refused, 409).text or "has expired" in page(refused, 409).text


def test_a_promise_is_changed_after_a_preview_and_once(visitor: Visitor, file: Database, today: Day) -> None:
    for verb, begins, ends in (
        ("commit", "held", "committed"),
        ("hold", "held", "held"),
        ("release", "held", "released"),
        ("cancel", "committed", "cancelled"),
    ):
        id = held(file, today, f"SO-{verb}", 10, hold_seconds=60)
        if begins == "committed":
            ask(file, "firm", Verb.commit, promise=id)
        shown = page(visitor.get(f"/promises/{id}"))
        (href,) = [link for link in shown.links if f"verb={verb}&" in link]

        preview = page(visitor.get(href))
        assert service.promise_of(file, id).state.value == begins
        form = {"verb": preview.fields["verb"], "key": preview.fields["key"]}
        done = visitor.post(f"/promises/{id}", data=form)
        again = visitor.post(f"/promises/{id}", data=form)

        assert (done.status_code, again.status_code) == (200, 200)
        assert service.promise_of(file, id).state.value == ends
        assert len(course(file, id).proofs) == (3 if begins == "committed" else 2)


def test_opening_any_of_its_pages_changes_nothing(visitor: Visitor, file: Database, today: Day) -> None:
    id = held(file, today, "SO-1", 10)
    before = course(file, id)

    for path in ("", "/raw", "/amend"):
        visitor.get(f"/promises/{id}{path}", params={"verb": "release", "key": "k", "decision": ""})
    visitor.get(f"/promises/{id}/amend", params=amended(today))

    assert course(file, id) == before


# --- amending ---


def test_amending_says_what_changes_and_what_that_takes_before_it_is_done(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""

    first = page(visitor.get(f"/promises/{id}/amend"))
    shown = visitor.get(f"/promises/{id}/amend", params=amended(today, "12", 5, "18.50"))

    assert 'value="10"' in visitor.get(f"/promises/{id}/amend").text
    assert "Amend it so" not in first.text
    said = words(shown)
    assert "10 12" in said
    assert "€20.00 €18.50" in said
    assert "Value €200.00 €222.00" in said
    assert "Taken in addition 2 X-100 at Halden" in said
    assert "Becomes free nothing" in said
    assert service.promise_of(file, id).promise.lines[0].quantity == 10
    less = words(visitor.get(f"/promises/{id}/amend", params=amended(today, "4", 5, "20")))
    assert "Becomes free 6 X-100 at Halden" in less


def test_what_was_looked_at_is_done_once_and_keeps_the_first_promised_day(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    form = form_of(visitor, id, **amended(today, "12", 5, "18.50"))

    done = visitor.post(f"/promises/{id}/amend", data=form)
    again = visitor.post(f"/promises/{id}/amend", data=form)

    assert str(done.url).endswith(f"/promises/{id}")
    assert again.url == done.url
    promise = service.promise_of(file, id).promise
    (line,) = promise.lines
    assert (promise.version, line.quantity, line.price_minor) == (2, 12, 1_850)
    assert (line.first_promised_on, line.promised_on) == (today + 3, today + 5)


def test_lines_are_added_and_left_out(visitor: Visitor, file: Database, today: Day) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    lines = {
        "item": ["X-100", "gear oil"],
        "quantity": ["", "1.5"],
        "on": [iso(today + 3)] * 2,
        "price": ["", ""],
    }
    form = form_of(visitor, id, **lines)

    visitor.post(f"/promises/{id}/amend", data=form)

    assert [(line.item, line.quantity) for line in service.promise_of(file, id).promise.lines] == [
        ("OIL", 1_500)
    ]


def test_what_cannot_be_meant_comes_back_as_it_was_typed_with_the_field_named(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = held(file, today, "SO-1", 10)
    typed = {"item": ["X-1OO"], "quantity": ["ten"], "on": ["tomorrow"], "price": ["1.999"]}

    shown = visitor.get(f"/promises/{id}/amend", params=typed)

    for name, value in (("item", "X-1OO"), ("quantity", "ten"), ("on", "tomorrow"), ("price", "1.999")):
        assert f'name="{name}"' in shown.text
        assert f'value="{value}"' in shown.text
        assert f'id="{name}-0-error"' in shown.text
    assert "4 things need you" in page(shown).text
    assert "Amend it so" not in shown.text
    nothing = page(visitor.get(f"/promises/{id}/amend", params=amended(today, "")))
    assert "at least one line" in nothing.text


def test_what_was_changed_meanwhile_is_not_changed_unseen(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    form = form_of(visitor, id, **amended(today, "12"))
    line = Line(item="X-100", quantity=30, requested_on=today + 3, price_minor=2_000)
    ask(file, "theirs", Verb.amend, promise=id, lines=(line,))

    refused = visitor.post(f"/promises/{id}/amend", data=form)

    assert "Somebody else changed" in page(refused, 409).text
    assert service.promise_of(file, id).promise.lines[0].quantity == 30
    # The answer is there anew, beside what is promised now; said once more, it is done.
    fresh = page(refused, 409).fields
    assert "18 X-100 at Halden" in refused.text
    visitor.post(
        f"/promises/{id}/amend",
        data={name: fresh[name] for name in ("query", "option", "digest", "key", "version")},
    )
    assert service.promise_of(file, id).promise.lines[0].quantity == 12


def test_the_control_without_the_version_changes_what_nobody_saw(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    form = form_of(visitor, id, **amended(today, "12"))
    line = Line(item="X-100", quantity=30, requested_on=today + 3, price_minor=2_000)
    ask(file, "theirs", Verb.amend, promise=id, lines=(line,))

    visitor.post(f"/promises/{id}/amend", data={**form, "version": ""})

    assert service.promise_of(file, id).promise.lines[0].quantity == 12


def test_two_amend_at_once_and_one_of_them_is_told(visitor: Visitor, file: Database, today: Day) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    forms = [form_of(visitor, id, **amended(today, n)) for n in ("12", "14")]
    start, status = threading.Barrier(2), []

    def press(form: dict[str, str]) -> None:
        start.wait()
        status.append(visitor.post(f"/promises/{id}/amend", data=form, follow_redirects=False).status_code)

    threads = [threading.Thread(target=press, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(status) == [303, 409]
    assert service.promise_of(file, id).promise.version == 2


def test_supply_that_is_gone_meanwhile_is_answered_with_fresh_ways(
    visitor: Visitor, file: Database, today: Day
) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    form = form_of(visitor, id, **amended(today, "60", 3))
    commit(file, f"80 X-100 by {said_day(today, 3)}", ref="SO-2")

    refused = visitor.post(f"/promises/{id}/amend", data=form)

    assert "The option that was chosen is no longer there." in page(refused, 409).text
    assert "What changes" in page(refused, 409).text
    assert service.promise_of(file, id).promise.lines[0].quantity == 10


def test_an_amendment_beyond_ones_rights_asks_whoever_may(
    visitor: Visitor, file: Database, today: Day
) -> None:
    rights = msgspec.structs.replace(RIGHTS, actors=(*RIGHTS.actors, Actor(id="anybody", roles=("seller",))))
    policy.put(file, [rights], actor="boss", id="rights")
    made = service.promise_one(
        file,
        Request(
            id="r",
            verb=Verb.commit,
            customer="C1",
            lines=(Line(item="X-100", quantity=10, requested_on=today + 3, price_minor=2_000),),
        ),
        actor="anybody",
    )
    id = made.promise or ""
    found = page(visitor.get(f"/promises/{id}/amend", params=amended(today, "60", 3, "20")))
    assert f"Ask the {MANAGER} to agree" in found.text
    form = {name: found.fields[name] for name in ("query", "option", "digest", "key", "version")}

    asked = visitor.post(f"/promises/{id}/amend", data={**form, "asks": "yes", "note": "for the fair"})

    approval = service.approvals(file, pending_only=True)[0][0]
    assert str(asked.url).endswith(f"/approvals/{approval.id}")
    assert (approval.promise, approval.note) == (id, "for the fair")
    assert service.promise_of(file, id).promise.lines[0].quantity == 10
    assert (
        f"Asked the {MANAGER} to agree" in words(visitor.get(f"/promises/{id}")) or approval.role == MANAGER
    )


def test_a_foreign_form_amends_nothing(visitor: Visitor, file: Database, today: Day) -> None:
    id = commit(file, f"10 X-100 by {said_day(today, 3)} for Northwind at 20", ref="SO-1").promise or ""
    form = form_of(visitor, id, **amended(today, "12"))

    refused = visitor.post(f"/promises/{id}/amend", data=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403
    assert service.promise_of(file, id).promise.version == 1
