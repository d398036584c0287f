"""Reports as they would be found, made without asking anybody."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from integrations.access.explaining import explain
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.records import (
    Cause,
    Cell,
    CertificateFacts,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    NameFacts,
    Question,
    Redirect,
    Severity,
    Subject,
    Surroundings,
)
from integrations.access.report.records import Finding, Report, Shop
from integrations.contracts import CallRecord, Outcome, PhaseTimings

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OURS = "Syncwatch/0.1.0"
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
URL = "https://boutique-lyon.example"
PATH = "/wp-json/wc/v3/orders/0"
GUEST = Guest("Sendcloud", AGENTS, ("192.0.2.0/28",), "boutique-lyon.example", "/wp-json/wc", "woocommerce")
NGINX_TEXT = "set $hub '';\nif ($request_method = PUT) { set $hub 1; }  # a line of more than eighty columns"
FIX = Fix(
    title="Let Sendcloud's PUT through nginx",
    place=Place.NGINX_SERVER,
    where="First lines inside the shop's server { }.",
    text=NGINX_TEXT,
    language="nginx",
    find="grep -rn server_name /etc/nginx",
    check="nginx -t && systemctl reload nginx",
    note="It opens the interface's path only.",
)


def cell(method: str, agent: str, outcome: Outcome = Outcome.PASSED, **more: object) -> Cell:
    status = None if outcome is Outcome.NO_ANSWER else 401 if outcome is Outcome.PASSED else 405
    call = CallRecord(
        at=AT,
        method=method,
        url=f"{URL}{PATH}",
        user_agent=agent,
        status=status,
        outcome=outcome,
        timings=PhaseTimings(wait=212.0, transfer=1.0),
    )
    return Cell(Question.MATRIX, call, **more)


def examination(refused: Outcome | None = None, **more: object) -> Examination:
    """PUT is ``refused`` to whoever asks."""
    cells = tuple(
        cell(method, agent, refused if refused and method == "PUT" else Outcome.PASSED, **more)
        for method in METHODS
        for agent in (OURS, *AGENTS)
    )
    around = Surroundings(
        name=NameFacts("boutique-lyon.example", ("192.0.2.80",), aliases=("edge.host.example",)),
        certificate=CertificateFacts(
            protocol="TLSv1.3",
            names=("boutique-lyon.example",),
            issuer="Test CA",
            starts_at=AT - timedelta(days=29),
            expires_at=AT + timedelta(days=61),
        ),
        redirects=(Redirect(f"http://boutique-lyon.example{PATH}", 301, f"{URL}{PATH}", "https"),),
    )
    return Examination(
        platform="woocommerce",
        url=URL,
        path=PATH,
        at=AT,
        agents=AGENTS,
        neutral=OURS,
        methods=METHODS,
        write_methods=("PUT", "POST"),
        cells=cells,
        surroundings=around,
    )


def method_rule(severity: Severity = Severity.FAIL, **more: object) -> Diagnosis:
    values = {
        "cause": Cause.METHOD_RULE,
        "layer": Layer.SERVER,
        "subject": Subject.METHOD,
        "confidence": Confidence.CERTAIN,
        "severity": severity,
        "product": "nginx",
        "methods": ("PUT",),
        "status": 405,
        **more,
    }
    return Diagnosis(**values)


def report(*diagnoses: Diagnosis, fixes: tuple[Fix, ...] = (FIX,), **cells: object) -> Report:
    examined = examination(Outcome.BLOCKED if diagnoses else None, **cells)
    return Report(
        shop=Shop("woocommerce", "WooCommerce", URL, "wp-json", title="Boutique Lyon", version="9.1.2"),
        guest=GUEST,
        examination=examined,
        findings=tuple(Finding(one, explain(one, GUEST, examined), fixes) for one in diagnoses),
        took_s=4.62,
    )


def unanswered(diagnosis: Diagnosis) -> Report:
    base = report(diagnosis)
    cells = tuple(
        cell(one.method, one.agent, Outcome.NO_ANSWER, error="TimedOut") for one in base.examination.cells
    )
    return replace(base, examination=replace(base.examination, cells=cells))
