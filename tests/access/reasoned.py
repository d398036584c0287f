"""Examinations made by hand: cells as the matrix would have found them."""

from datetime import UTC, datetime, timedelta

import httpx

from integrations.access.matrix import Asking
from integrations.access.records import Cell, Examination, Layer, Question, Surroundings
from integrations.answer import Answer
from integrations.contracts import CallRecord, HubFailure, Outcome, PhaseTimings
from integrations.evidence import call_of_answer
from integrations.woocommerce.probing import PLAN

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE, TWO = "Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)"
HUB = (ONE, TWO)
NEUTRAL = "Syncwatch/0.1.0"
EVERYBODY = (NEUTRAL, *HUB)
SHOP = "https://shop.example"
PATH = "/wp-json/wc/v3/orders/0"
METHODS = PLAN.methods
HTML = {"content-type": "text/html"}
NGINX = (
    403,
    "<html><head><title>403 Forbidden</title></head><center><h1>403 Forbidden</h1></center><hr>"
    "<center>nginx/1.22.1</center>",
    {**HTML, "server": "nginx/1.22.1"},
)
APACHE = (
    403,
    "<title>403 Forbidden</title><h1>Forbidden</h1>\n<p>You don't have permission to access this"
    " resource.</p>",
    {**HTML, "server": "Apache/2.4.71 (Debian)"},
)
CLOUDFLARE = (403, "<title>Just a moment...</title>", {**HTML, "cf-mitigated": "challenge"})
REFUSED_BY_SHOP = (
    401,
    '{"code":"woocommerce_rest_cannot_view","message":"Sorry","data":{"status":401}}',
    {"content-type": "application/json", "access-control-expose-headers": "X-WP-Total"},
)
REFUSED_BY_RULE = (
    "[Sun Nov 22 10:00:00.1 2026] [:error] [client 192.0.2.9:1] ModSecurity: Access denied with code 403 "
    '(phase 1). Pattern match "PUT" at REQUEST_METHOD. [file "x"] [id "100001"] [msg "no"] '
    '[uri "/wp-json/wc/v3/orders/0"] [unique_id "a"]'
)
"""A line of a server's error log."""
SILENCE = "ConnectionFailed"


def page(status, title, **headers):
    """A page of somebody's own design."""
    return status, f"<html><title>{title}</title><p>{title}</p>", {**HTML, **headers}


class _Recorder:
    """Makes call records as a client would."""

    def record(self, answer, found):
        return call_of_answer(answer, found)


def cell(
    method, agent, said=REFUSED_BY_SHOP, question=Question.MATRIX, *, path=PATH, broke_off=True, wait=80.0
):
    """One cell: ``said`` is an answer (status, body, headers) or the name of an error."""
    if isinstance(said, str):
        call = CallRecord(NOW, method, SHOP + path, agent, None, Outcome.NO_ANSWER)
        return Cell(question, call, Layer.NETWORK, error=said, broke_off=broke_off and said == SILENCE)
    if method == "OPTIONS" and said is REFUSED_BY_SHOP:
        said = (200, '{"namespace":"wc/v3","endpoints":[]}', {"content-type": "application/json"})
    status, body, headers = said
    body = "" if method == "HEAD" else body
    answer = Answer(
        status,
        httpx.Headers(headers),
        body.encode(),
        SHOP + path,
        method,
        agent,
        NOW,
        timings=PhaseTimings(wait=wait),
    )
    asking = Asking(_Recorder(), PLAN, SHOP + "/wp-json", NOW)
    return asking.cell(question, answer)


def examination(answers=None, *further, methods=METHODS, agents=HUB, surroundings=None, wait=80.0):
    """``answers``: from (method, agent) to what came; what is not named passed."""
    answers = answers or {}
    cells = [
        cell(method, agent, answers.get((method, agent), REFUSED_BY_SHOP), wait=wait)
        for method in methods
        for agent in (NEUTRAL, *agents)
    ]
    return Examination(
        "woocommerce",
        SHOP,
        PATH,
        NOW,
        tuple(agents),
        NEUTRAL,
        METHODS,
        ("PUT", "POST"),
        (*cells, *further),
        surroundings or Surroundings(),
    )


def refused(said, methods=METHODS, agents=EVERYBODY):
    """These methods get this answer as these User-Agents."""
    return {(method, agent): said for method in methods for agent in agents}


def failure(method="GET", status=403, outcome=Outcome.BLOCKED, exception="", by="", minutes=5):
    return HubFailure(
        "1",
        "7",
        SHOP,
        NOW - timedelta(minutes=minutes),
        method,
        "/wp-json/wc/v3/orders",
        status,
        exception,
        outcome,
        by,
    )
