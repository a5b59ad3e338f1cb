"""Where a promise is decided: what can we commit, to whom, when, at what price?

Pure: the same request, trial, graph, rules and moment give the same decision to the byte. The trial is left as it was
found; what a decision changes in the ledger is said by `effects.effects_of`.
"""

from __future__ import annotations

import msgspec

from accord.kit.days import Day, Instant
from accord.kit.digest import canonical, digest
from accord.kit.errors import InputError
from accord.ledger.decide.graph import Graph
from accord.ledger.decide.trial import Trial
from accord.policy.model import Book
from accord.promise.decide.approval import act_of, refusals_of_approval
from accord.promise.decide.asking import asking, asking_about
from accord.promise.decide.case import Case, Who
from accord.promise.decide.certain import answered
from accord.promise.decide.choice import asked_for, choose
from accord.promise.decide.life import (
    decides_anew,
    ends_at,
    refusals_of_life,
    refusals_of_lines,
    restates,
    still_covered,
    still_in_time,
    today_of_line,
)
from accord.promise.decide.price import parts_of
from accord.promise.decide.rights import figures_now, judged, needs_of, prices_in_the_way
from accord.promise.decide.sentence import held_until, refused, sentence
from accord.promise.decide.standing import Standing
from accord.promise.decide.verdict import is_denied, verdict_of
from accord.promise.model import (
    Approval,
    Decision,
    Line,
    LineVerdict,
    Option,
    Promise,
    Refusal,
    Request,
    Verb,
    Verdict,
)

ENGINE_VERSION = "1"  # raised with every change that may change an answer: replay is exact within one version

_A_SECOND = 1_000_000
_PLACE = {refusal: place for place, refusal in enumerate(Refusal)}
_UNKNOWN = (Refusal.unknown_item, Refusal.unknown_site, Refusal.day_in_the_past, Refusal.beyond_horizon)


def decide(
    request: Request,
    trial: Trial,
    graph: Graph,
    book: Book,
    now: Instant,
    *,
    id: str = "",
    promise_id: str = "",
    before: Promise | None = None,
    standing: Standing | None = None,
    actor: str = "",
    approval: Approval | None = None,
) -> Decision:
    """The answer to one request of an actor.

    `trial` holds the locked keys; what the promise named in the request draws itself was given back on it before.
    `before` is that promise as it stands, `standing` what it has in the ledger; `promise_id` names the one that this
    request makes or changes. `approval` is the one that the request gives or declines; `before` is then the promise that
    it is about.

    Raises: InputError when the request has no lines where it needs them, a quantity that is not more than zero, or names
    another customer than the promise is made to.
    """
    if request.verb in (Verb.approve, Verb.decline):
        refusals = refusals_of_approval(request, approval, before, book.rights, actor, now)
        act = request if refusals or approval is None else act_of(approval, request)
        if refusals or (act.verb is Verb.release and not act.promise):
            case = Case(request, trial, graph, book, now, before)
            made = _refused(case, refusals, id=id) if refusals else _declined(case, id=id)
        else:
            who = Who(actor, is_judged=False)
            if request.verb is Verb.approve and approval is not None:
                who = Who(actor, approval.role, approval.actor, approval.ruling.role, keeps=approval.keeps)
            made = _decided(
                act,
                trial,
                graph,
                book,
                now,
                id=id,
                promise_id=promise_id,
                before=before,
                standing=standing,
                who=who,
            )
        return msgspec.structs.replace(
            made,
            request=request,
            act=None if act is request else act,
            approval=request.approval,
            approval_version=approval.version if approval is not None else None,
        )
    return _decided(
        request,
        trial,
        graph,
        book,
        now,
        id=id,
        promise_id=promise_id,
        before=before,
        standing=standing,
        who=Who(actor),
    )


def _decided(
    request: Request,
    trial: Trial,
    graph: Graph,
    book: Book,
    now: Instant,
    *,
    id: str,
    promise_id: str,
    before: Promise | None,
    standing: Standing | None,
    who: Who,
) -> Decision:
    _check(request, before)
    case = Case(request, trial, graph, book, now, before, who)
    rules = book.rules
    renewals_max = rules.hold_renewals_max + who.keeps
    refusals = refusals_of_life(request, before, standing, rules.hold_seconds_max, renewals_max, now)
    if not refusals and restates(request) and standing is not None:
        if not still_covered(trial, standing, before, book):
            refusals = [Refusal.supply_short]
        elif not still_in_time(graph, standing, now):
            refusals = [Refusal.not_by_then]
    if decides_anew(request):
        refusals += refusals_of_lines(case)
    refusals = _in_order(refusals)
    if refusals:
        refusal = _refused(case, refusals, id=id)
        if (
            before is not None
            and restates(request)
            and refusals[0] in (Refusal.hold_expired, Refusal.supply_short, Refusal.not_by_then)
        ):
            return _with_fresh_options(refusal, case, before)
        return refusal
    if not decides_anew(request):
        return _resolved(case, before, standing, id=id, promise_id=promise_id)
    found = answered(case)
    options, lines = found.options, found.lines
    today = today_of_line(case, request.lines[0].site)
    verdict = verdict_of(options, lines if len(lines) > 1 else (), is_open=found.is_open)
    offered = offered_of(today, options)
    chosen, because = choose(request, options, verdict, offered)
    taken = options[chosen] if chosen is not None else None
    decision = Decision(
        id=id,
        request=request,
        now=now,
        today=today,
        graph_version=graph.version,
        policy_version=book.version,
        engine_version=ENGINE_VERSION,
        verdict=verdict,
        sentence=_sentence(case, verdict, options, lines, taken, because),
        refusals=tuple(_in_order([*because, *_reasons(verdict, lines, options)])),
        lines=lines,
        options=options,
        chosen=chosen,
        promise=promise_id if taken is not None and request.verb is not Verb.quote else None,
        expires_at=ends_at(request, before, rules.hold_seconds_usual, now) if taken is not None else None,
        digest=offered,
        stale=found.stale,
    )
    if taken is not None and taken.figures is not None:
        ruling, takes = judged(case, taken.figures)
        takes = () if request.verb is Verb.quote else takes
        decision = msgspec.structs.replace(decision, ruling=ruling, limits=takes, figures=taken.figures)
    elif request.asks_approval and id and Refusal.choice_needed not in because:
        decision = asking(case, decision, asked_for(request, options, offered), promise_id=promise_id)
    if decision.chosen is not None:
        decision = _priced(case, decision, options[decision.chosen])
    return msgspec.structs.replace(decision, reads=trial.reads)


def _priced(case: Case, decision: Decision, taken: Option) -> Decision:
    """The decision with the prices that were agreed and what they rest on."""
    items = {piece.line: piece.item for piece in reversed(taken.pieces)}
    lines = enumerate(case.request.lines)
    return msgspec.structs.replace(
        decision,
        prices=tuple(case.price_of(line, items.get(place, line.item)) for place, line in lines),
        parts=parts_of(case.graph, taken.pieces, taken.makes),
        price_until=case.now + taken.price_seconds * _A_SECOND if taken.price_seconds else None,
    )


def offered_of(today: Day, options: tuple[Option, ...]) -> str:
    """The digest of what is offered, in its order; not of who may take it, which differs between asking and holding."""
    plain = [
        option
        if option.ruling is None
        else msgspec.structs.replace(option, ruling=None, figures=None, needs=(), difference="")
        for option in options
    ]
    return digest(canonical((today, plain)))


def _check(request: Request, before: Promise | None) -> None:
    if before is not None and request.customer not in (None, before.customer):
        whose = f"{before.customer}'s" if before.customer is not None else "nobody's by name"
        detail = f"{before.ref or before.id} is {whose}, not {request.customer}'s. Leave the customer out, or promise it anew."
        raise InputError.at("/customer", "other_customer", detail)
    if (decides_anew(request) and not request.lines) or (
        request.verb in (Verb.hold, Verb.commit) and not request.lines and request.promise is None
    ):
        raise InputError.at(
            "/lines", "lines_missing", "There is no line. Name at least one item, quantity and day."
        )
    for place, line in enumerate(request.lines):
        if line.quantity <= 0:
            detail = f"The quantity is {line.quantity}. Give more than zero."
            raise InputError.at(f"/lines/{place}/quantity", "not_positive", detail)


def _in_order(refusals: list[Refusal]) -> list[Refusal]:
    if not refusals:
        return refusals
    return sorted(set(refusals), key=_PLACE.__getitem__)


def _reasons(verdict: Verdict, lines: tuple[LineVerdict, ...], options: tuple[Option, ...]) -> list[Refusal]:
    """Why the answer is not a plain yes."""
    if verdict in (Verdict.yes, Verdict.yes_but):
        return []
    if verdict is Verdict.cannot_know:
        return [Refusal.feed_too_old]
    if verdict is Verdict.cannot_promise and options:
        return [need for option in options for need in option.needs]
    if verdict is Verdict.needs_approval:
        wanted = [option for option in options if option.in_full_on_time and not is_denied(option)]
        return [need for option in wanted for need in option.needs]
    found = [refusal for line in lines for refusal in line.refusals]
    return [*found, Refusal.not_by_then] if options else found or [Refusal.not_by_then]


def _sentence(
    case: Case,
    verdict: Verdict,
    options: tuple[Option, ...],
    lines: tuple[LineVerdict, ...],
    taken: Option | None,
    because: list[Refusal],
) -> str:
    words = sentence(case, verdict, options, lines, taken)
    if Refusal.option_is_gone in because:
        return f"The option that was chosen is no longer there. {words}"
    return words


def _refused(case: Case, refusals: list[Refusal], *, id: str) -> Decision:
    """The answer where supply need not be looked at."""
    request = case.request
    today: Day = case.trial.today("")
    line = request.lines[0] if request.lines else None
    for candidate in request.lines:
        bad = candidate.item not in case.graph.items or (candidate.site or "") not in ("", *case.graph.sites)
        if bad and refusals[0] in _UNKNOWN:
            line = candidate
            break
    return Decision(
        id=id,
        request=request,
        now=case.now,
        today=today,
        graph_version=case.graph.version,
        policy_version=case.book.version,
        engine_version=ENGINE_VERSION,
        verdict=Verdict.cannot_promise,
        sentence=refused(refusals[0], line=line, customer=request.customer, promise=request.promise),
        refusals=tuple(refusals),
        digest=digest(canonical((today, ()))),
        reads=case.trial.reads,
    )


def _with_fresh_options(refusal: Decision, of: Case, before: Promise) -> Decision:
    """What could be promised instead of a hold that is over, no longer covered or in time, or no longer at that price;
    nothing is taken without being asked."""
    lines = tuple(
        Line(
            item=line.item,
            quantity=line.quantity,
            requested_on=line.requested_on,
            site=line.site,
            price_minor=None if line.is_listed else line.price_minor,
        )
        for line in before.lines
    )
    anew = Request(id=refusal.request.id, verb=Verb.ask, customer=before.customer, lines=lines)
    case = Case(anew, of.trial, of.graph, of.book, of.now, who=Who(of.actor))
    if refusals_of_lines(case):
        return refusal
    found = answered(case)
    today = today_of_line(case, lines[0].site)
    return msgspec.structs.replace(
        refusal,
        about=lines,
        lines=found.lines,
        options=found.options,
        digest=offered_of(today, found.options),
        reads=of.trial.reads,
    )


def _resolved(
    case: Case, before: Promise | None, standing: Standing | None, *, id: str, promise_id: str
) -> Decision:
    """The answer to a verb that changes only how a promise stands: harden, renew, release, cancel."""
    assert before is not None  # the promise was refused as unknown otherwise
    request, now = case.request, case.now
    rows = standing.commitments if standing is not None else ()
    figures = figures_now(case, before, {row.line: row.item for row in rows if row.state.is_open})
    ruling, takes = judged(case, figures)
    needs = _in_order([*needs_of(ruling), *prices_in_the_way(case, before, figures, ruling)])
    if needs:
        refusal = msgspec.structs.replace(_refused(case, needs, id=id), ruling=ruling, figures=figures)
        if restates(request):
            refusal = _with_fresh_options(refusal, case, before)
        if request.asks_approval and id:
            refusal = asking_about(case, refusal, before)
        return msgspec.structs.replace(refusal, reads=case.trial.reads)
    expires_at = ends_at(request, before, case.rules.hold_seconds_usual, now)
    today: Day = case.trial.today("")
    match request.verb:
        case Verb.commit:
            verdict, words = Verdict.yes, f"{before.ref or before.id} is committed now."
        case Verb.hold:
            assert expires_at is not None
            verdict, words = Verdict.yes, f"{before.ref or before.id} is held until {held_until(expires_at)}."
        case Verb.release:
            verdict, words = Verdict.done, f"The hold {before.ref or before.id} is released."
        case _:
            verdict, words = Verdict.done, f"{before.ref or before.id} is cancelled."
    return Decision(
        id=id,
        request=request,
        now=now,
        today=today,
        graph_version=case.graph.version,
        policy_version=case.book.version,
        engine_version=ENGINE_VERSION,
        verdict=verdict,
        sentence=words,
        promise=promise_id or before.id,
        expires_at=expires_at,
        digest=digest(canonical((today, ()))),
        reads=case.trial.reads,
        ruling=ruling,
        limits=takes if restates(request) else (),
        figures=figures if case.book.rights is not None else None,
    )


def _declined(case: Case, *, id: str) -> Decision:
    """An approval is declined for which nothing was kept."""
    today: Day = case.trial.today("")
    return Decision(
        id=id,
        request=case.request,
        now=case.now,
        today=today,
        graph_version=case.graph.version,
        policy_version=case.book.version,
        engine_version=ENGINE_VERSION,
        verdict=Verdict.done,
        sentence="It is declined.",
        digest=digest(canonical((today, ()))),
        reads=case.trial.reads,
    )
