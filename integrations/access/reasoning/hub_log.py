"""What the hub's own log of failed calls adds: it calls from other addresses than we do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from integrations.access.reasoning.grid import Grid
from integrations.access.reasoning.kinds import APPLICATIONS
from integrations.access.reasoning.refusals import interface_path, less_sure
from integrations.access.reasoning.severity import severity_of_methods
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject
from integrations.access.signatures import LAYERS
from integrations.contracts import GRAPHQL_WRITE, HubFailure, Outcome

BOT_MANAGERS = frozenset({Layer.EDGE, Layer.FIREWALL})
MAY_BE_OURS = frozenset(
    {
        Cause.ADDRESS_RULE,
        Cause.API_OFF,
        Cause.CHALLENGE,
        Cause.EVERYBODY_REFUSED,
        Cause.PATH_RULE,
        Cause.POLITE_BLOCK,
        Cause.RATE_LIMIT,
        Cause.SIGN_IN,
        Cause.USER_AGENT_RULE,
    }
)
"""Refusals that may hit our address alone."""
OUTAGES = frozenset({Cause.CLOSED_EARLY, Cause.CONNECTION_REFUSED, Cause.HEADER_LOST, Cause.TIMED_OUT})
"""What most often hits everybody: that the hub has not complained yet only makes it less sure."""


def is_about_access(failure: HubFailure) -> bool:
    """Whether a row tells of the way to the shop, and not of credentials or of an order."""
    return failure.outcome not in (Outcome.PASSED, Outcome.REFUSED)


def weighed(grid: Grid, diagnosis: Diagnosis, failures: Sequence[HubFailure], has_log: bool) -> Diagnosis:
    """A diagnosis of ours in the light of the hub's log."""
    seen = [failure for failure in failures if is_about_access(failure)]
    alike = [failure for failure in seen if _explains(grid, diagnosis, failure)]
    if alike:
        values = {**diagnosis.values, "seen_by_hub": len(alike)}
        return replace(diagnosis, severity=_proven(grid, diagnosis, alike), values=values)
    is_guise = (
        diagnosis.subject is Subject.USER_AGENT
        and bool(diagnosis.agents)
        and (diagnosis.layer in BOT_MANAGERS or diagnosis.cause is Cause.CHALLENGE)
    )
    works = has_log and not seen
    if is_guise:
        # Bot managers may refuse a hub's name from a foreign address because it is an imitation.
        lower = less_sure(diagnosis, imitation="likely" if works else "possible")
        return replace(lower, severity=Severity.INFO) if works else lower
    if not works or diagnosis.agents:
        return diagnosis
    lower = less_sure(diagnosis, hub="works")
    if diagnosis.cause in OUTAGES and diagnosis.subject is not Subject.NAME:
        return replace(lower, severity=Severity.WARN)
    if (
        diagnosis.cause in MAY_BE_OURS
        and diagnosis.layer is not Layer.APPLICATION
        and (not diagnosis.methods or grid.is_everything(diagnosis.methods))
    ):
        return replace(lower, severity=Severity.INFO)
    return diagnosis


def inferred(grid: Grid, diagnoses: Sequence[Diagnosis], failures: Sequence[HubFailure]) -> list[Diagnosis]:
    """What the hub meets and we do not: concluded, not seen."""
    by_cause: dict[Cause, list[HubFailure]] = {}
    for failure in failures:
        if is_about_access(failure) and not any(_explains(grid, each, failure) for each in diagnoses):
            by_cause.setdefault(_cause(failure), []).append(failure)
    return [
        _inferred(grid, cause, met)
        for cause, met in by_cause.items()
        if cause is Cause.CERTIFICATE_CHAIN or _we_pass(grid, met)
    ]


def _proven(grid: Grid, diagnosis: Diagnosis, alike: Sequence[HubFailure]) -> Severity:
    """What was only feared has come true: the hub is the one that is refused, by the spelling it uses."""
    is_feared = bool(diagnosis.agents) or diagnosis.cause is Cause.API_OFF
    if diagnosis.severity is not Severity.WARN or not is_feared:
        return diagnosis.severity
    return severity_of_methods(grid, {failure.method for failure in alike})


def _we_pass(grid: Grid, met: Sequence[HubFailure]) -> bool:
    """Whether each User-Agent of the hub gets through from here by the methods that failed for it."""
    spots = [(method, agent) for method in {failure.method for failure in met} for agent in grid.hub]
    return grid.passes(spots) and not any(spot in grid.red for spot in spots)


def _explains(grid: Grid, diagnosis: Diagnosis, failure: HubFailure) -> bool:
    """Whether the hub met the very thing that we see."""
    if diagnosis.cause in (Cause.SLOW, Cause.CERTIFICATE_EXPIRES, Cause.HEADER_LOST):
        return False
    if diagnosis.layer is Layer.NETWORK and diagnosis.subject in (Subject.CERTIFICATE, Subject.NAME):
        return failure.outcome is Outcome.NO_ANSWER
    if diagnosis.subject is Subject.RATE:
        return failure.outcome is Outcome.RATE_LIMITED or failure.status == diagnosis.status
    if failure.method not in diagnosis.methods and not grid.is_everything(diagnosis.methods):
        return False
    if not grid.passes((failure.method, agent) for agent in grid.hub):
        return True
    # Some spellings pass: the hub uses the other, if it was refused in the same way.
    refused = any((failure.method, agent) in grid.red for agent in diagnosis.agents if agent in grid.hub)
    return refused and failure.status == diagnosis.status


def _cause(failure: HubFailure) -> Cause:
    kind = failure.exception_type.lower()
    if "ssl" in kind or failure.status in (495, 496, 525, 526):
        return Cause.ORIGIN_FAULT if failure.status in (525, 526) else Cause.CERTIFICATE_CHAIN
    match failure.outcome:
        case Outcome.BLOCKED:
            return Cause.ADDRESS_RULE
        case Outcome.CHALLENGED:
            return Cause.CHALLENGE
        case Outcome.RATE_LIMITED:
            return Cause.RATE_LIMIT
        case Outcome.REDIRECTED:
            return Cause.REDIRECT
        case Outcome.MAINTENANCE:
            return Cause.MAINTENANCE
        case Outcome.NO_ANSWER:
            return Cause.TIMED_OUT if "readtimeout" in kind else Cause.DROPPED
        case _:
            pass
    if failure.status == 503:
        return Cause.MAINTENANCE
    if failure.status is not None and 520 <= failure.status <= 530:
        return Cause.ORIGIN_FAULT
    return Cause.APPLICATION_FAULT if failure.outcome is Outcome.FAULT else Cause.NOT_UNDERSTOOD


_SUBJECTS = {
    Cause.ADDRESS_RULE: Subject.ADDRESS,
    Cause.CHALLENGE: Subject.ADDRESS,
    Cause.DROPPED: Subject.ADDRESS,
    Cause.MAINTENANCE: Subject.ADDRESS,
    Cause.CERTIFICATE_CHAIN: Subject.CERTIFICATE,
    Cause.RATE_LIMIT: Subject.RATE,
    Cause.REDIRECT: Subject.ADDRESS_WRITTEN,
}
_LAYERS = {
    Cause.CERTIFICATE_CHAIN: Layer.NETWORK,
    Cause.DROPPED: Layer.NETWORK,
    Cause.TIMED_OUT: Layer.NETWORK,
    Cause.ORIGIN_FAULT: Layer.EDGE,
    Cause.APPLICATION_FAULT: Layer.APPLICATION,
}
_ONLY_POSSIBLE = frozenset({Cause.NOT_UNDERSTOOD, Cause.TIMED_OUT, Cause.DROPPED})


def _inferred(grid: Grid, cause: Cause, met: Sequence[HubFailure]) -> Diagnosis:
    newest = met[0]
    methods = tuple(dict.fromkeys(_method(failure) for failure in met))
    named = Counter(failure.by for failure in met if layer_of(failure.by) is not Layer.UNKNOWN)
    product = named.most_common(1)[0][0] if named else ""
    layer = _LAYERS.get(cause) or layer_of(product)
    wanted = tuple(method for method in grid.examination.methods if method in methods) or methods
    severity = severity_of_methods(grid, wanted)
    return Diagnosis(
        cause=cause,
        layer=layer,
        subject=_SUBJECTS.get(cause, Subject.NOTHING),
        confidence=Confidence.POSSIBLE if cause in _ONLY_POSSIBLE else Confidence.LIKELY,
        severity=Severity.WARN if cause in (Cause.RATE_LIMIT, Cause.NOT_UNDERSTOOD) else severity,
        product=product,
        methods=wanted,
        path=interface_path(grid.examination.path),
        status=newest.status,
        is_inferred=True,
        values={
            "failures": len(met),
            "last_at": newest.at.isoformat(),
            "exception": newest.exception_type,
            "detail": newest.detail[:200],
            "only_writes": int(all(failure.is_write for failure in met)),
        },
    )


def layer_of(product: str) -> Layer:
    """Where a product stands; what is not known by name may be anything that a header said."""
    if product in APPLICATIONS:
        return Layer.APPLICATION
    return LAYERS.get(product, Layer.UNKNOWN) if product else Layer.UNKNOWN


def _method(failure: HubFailure) -> str:
    return "POST" if failure.path.endswith(GRAPHQL_WRITE) else failure.method
