"""What error logs of nginx, Apache and ModSecurity say of refused requests: the one witness that knows.

Nothing of a visitor is kept but the address: no query, no header, no body, no matched data. Lines that
speak of other things are passed over.

The shapes were measured on Apache 2.4 with ModSecurity 2.9 and OWASP's rule set 3.3, and on nginx 1.22.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from itertools import islice

from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Subject

MOST_LINES = 500_000
LONGEST_LINE = 8_000
MOST_REFUSALS = 2_000


class Kind(StrEnum):
    """What refused."""

    RULE = "rule"
    """A rule of ModSecurity."""
    REQUIRE = "require"
    """Apache's ``Require``, also inside ``<Limit>`` and ``<LimitExcept>``."""
    DENY = "deny"
    """``Deny from`` of Apache's old style; ``deny`` or ``limit_except`` of nginx."""
    METHODS = "methods"
    """Apache's ``AllowMethods``."""
    SIGN_IN = "sign_in"
    RATE = "rate"
    BROKEN = "broken"
    """A ``.htaccess`` that Apache does not understand."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused request, as a server noted it. What a line does not say is empty."""

    server: str
    """``ModSecurity``, ``Apache``, ``nginx``"""
    kind: Kind
    rule_ids: tuple[str, ...] = ()
    """Of ModSecurity: the rules without which the request would have passed; of Apache: its ``AH`` number."""
    message: str = ""
    """The rule's own words; of a broken file: its path and what is wrong."""
    variable: str = ""
    """What the rule looked at: ``REQUEST_METHOD``, ``REQUEST_HEADERS:User-Agent``."""
    pattern: str = ""
    """What it looked for there."""
    status: int | None = None
    """``None``: not said, or the connection was closed."""
    client: str = ""
    method: str = ""
    path: str = ""
    """Without query."""
    at: datetime | None = None

    @property
    def rule_id(self) -> str:
        """All of them, with spaces between."""
        return " ".join(self.rule_ids)


@dataclass(frozen=True, slots=True)
class ServerLog:
    """What was refused, newest first."""

    refusals: tuple[Refusal, ...] = ()

    def of(self, diagnosis: Diagnosis) -> Refusal | None:
        """The newest refusal that a diagnosis may be about; ``None``: the log does not decide it."""
        about = [refusal for refusal in self.refusals if _is_about(refusal, diagnosis)]
        named = [refusal for refusal in about if _names_subject(refusal, diagnosis)]
        if not named and len({(refusal.server, refusal.kind) for refusal in about}) > 1:
            return None
        return next(iter(named or about), None)


def in_the_light_of(log: ServerLog, diagnosis: Diagnosis) -> Diagnosis:
    """The same diagnosis, with the product, the rule and the certainty that the server's log gives it.

    ``rule_id`` holds all rules concerned, with spaces between; ``values`` gain ``log`` (a :class:`Kind`),
    ``message`` and ``variable``.
    """
    refusal = log.of(diagnosis)
    if refusal is None:
        return diagnosis
    said = {"log": refusal.kind.value, "message": refusal.message, "variable": refusal.variable}
    is_rule = refusal.kind is Kind.RULE and diagnosis.cause in (Cause.MAINTENANCE, Cause.SERVER_FAULT)
    return replace(
        diagnosis,
        # A rule may refuse with a status that says otherwise.
        cause=_BY_SUBJECT.get(diagnosis.subject, diagnosis.cause) if is_rule else diagnosis.cause,
        layer=Layer.FIREWALL if refusal.kind is Kind.RULE else Layer.SERVER,
        product=refusal.server,
        confidence=Confidence.CERTAIN,
        rule_id=refusal.rule_id,
        values={**diagnosis.values, **{name: value for name, value in said.items() if value}},
    )


_BY_SUBJECT = {
    Subject.USER_AGENT: Cause.USER_AGENT_RULE,
    Subject.METHOD: Cause.METHOD_RULE,
    Subject.PATH: Cause.PATH_RULE,
    Subject.CONTENT: Cause.CONTENT_RULE,
    Subject.EVERYTHING: Cause.EVERYBODY_REFUSED,
    Subject.NOTHING: Cause.EVERYBODY_REFUSED,
}
_REFUSING = frozenset(
    {
        Cause.USER_AGENT_RULE,
        Cause.METHOD_RULE,
        Cause.PATH_RULE,
        Cause.ADDRESS_RULE,
        Cause.EVERYBODY_REFUSED,
        Cause.CONTENT_RULE,
        Cause.POLITE_BLOCK,
        Cause.DROPPED,
    }
)
_MATCHING = {
    Kind.RULE: _REFUSING | {Cause.RATE_LIMIT, Cause.SERVER_FAULT, Cause.MAINTENANCE, Cause.NOT_UNDERSTOOD},
    Kind.REQUIRE: _REFUSING,
    Kind.DENY: _REFUSING,
    Kind.METHODS: {Cause.METHOD_RULE},
    Kind.SIGN_IN: {Cause.SIGN_IN},
    Kind.RATE: {Cause.RATE_LIMIT, Cause.SERVER_FAULT, Cause.MAINTENANCE},
    Kind.BROKEN: {Cause.SERVER_FAULT, Cause.APPLICATION_FAULT},
}
_OURS_TO_SAY = frozenset({Layer.SERVER, Layer.FIREWALL, Layer.UNKNOWN, Layer.NETWORK})
_AGENT = "REQUEST_HEADERS:User-Agent"


def _is_about(refusal: Refusal, diagnosis: Diagnosis) -> bool:
    if diagnosis.layer not in _OURS_TO_SAY or diagnosis.cause not in _MATCHING[refusal.kind]:
        return False
    if refusal.status and diagnosis.status and refusal.status != diagnosis.status:
        return False
    if refusal.method and diagnosis.methods and refusal.method not in diagnosis.methods:
        return False
    if refusal.path and diagnosis.path and not _is_near(refusal.path, diagnosis.path):
        return False
    if refusal.variable == _AGENT:
        # The scanners in every log are refused by their names too.
        return diagnosis.cause is not Cause.METHOD_RULE and _hits(refusal.pattern, diagnosis.agents)
    return True


def _is_near(path: str, interface: str) -> bool:
    """Below the same interface: the first two parts are the same."""
    return path.strip("/").split("/")[:2] == interface.strip("/").split("/")[:2]


def _hits(pattern: str, agents: Sequence[str]) -> bool:
    if not pattern or not agents:
        return True
    try:
        expression = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return any(pattern.lower() in agent.lower() for agent in agents)
    return any(expression.search(agent) for agent in agents)


def _names_subject(refusal: Refusal, diagnosis: Diagnosis) -> bool:
    """The log names the very thing that the answers suggest."""
    match diagnosis.cause:
        case Cause.METHOD_RULE:
            return refusal.variable == "REQUEST_METHOD" or bool(refusal.method)
        case Cause.USER_AGENT_RULE:
            return refusal.variable == _AGENT
        case Cause.DROPPED:
            return refusal.kind is Kind.RULE and refusal.status is None
        case _:
            return False


def read_log(lines: Iterable[str], *, zone: tzinfo = UTC) -> ServerLog:
    """Reads the lines of an error log, oldest first as servers write them. Never fails: what is not
    understood is passed over.

    ``zone``: of the times in it, which say none themselves.
    """
    found: list[Refusal] = []
    scores: dict[str, list[_Scored]] = {}
    for whole in islice(lines, MOST_LINES):
        line = whole[:LONGEST_LINE]
        refusal = _modsecurity(line, scores) if "ModSecurity: " in line else _apache(line) or _nginx(line)
        if refusal is not None:
            found.append(replace(refusal, at=_at(line, zone)))
            del found[:-MOST_REFUSALS]
    return ServerLog(tuple(reversed(found)))


# --- ModSecurity ------------------------------------------------------------------------------------------

_TAG = re.compile(r'\[(id|msg|severity|uri|unique_id) "((?:[^"\\]|\\.)*)"\]')
_DENIED = re.compile(r"Access denied with (?:code (\d{3})|connection close)")
_OVER = re.compile(r"(?:GE matched |`Ge' with parameter `)(\d+)")
_TOTAL = re.compile(r"Total Score: (\d+)")
_LOOKED = re.compile(r'"((?:[^"\\]|\\.)*)" (?:at|against) "?([A-Z_]+(?::[\w.-]+)?)')
_LOOKED_3 = re.compile(r"with parameter `(.*?)' against variable `([A-Z_]+(?::[\w.-]+)?)'")
_CLIENT = re.compile(r"\[client ([0-9a-fA-F.:]+?)(?::\d+)?\]|, client: ([0-9a-fA-F.:]+)")
_REQUEST = re.compile(r', request: "([A-Z]+) ([^ "?]*)')
_SCORES = {"CRITICAL": 5, "ERROR": 4, "WARNING": 3, "NOTICE": 2}
"""What OWASP's rule set adds to a request's score, by a rule's severity, as shipped."""
_SUMMING_UP = re.compile(r"^(949|959|980)\d{3}$")
"""Rules that only add up what others found."""


@dataclass(frozen=True, slots=True)
class _Scored:
    rule_id: str
    score: int
    refusal: Refusal


def _modsecurity(line: str, scores: dict[str, list[_Scored]]) -> Refusal | None:
    tags = dict(_TAG.findall(line))
    rule_id, transaction = tags.get("id", ""), tags.get("unique_id", "")
    if not rule_id.isdecimal():
        return None
    looked = _LOOKED.search(line) or _LOOKED_3.search(line)
    client = _CLIENT.search(line)
    request = _REQUEST.search(line)
    one = Refusal(
        "ModSecurity",
        Kind.RULE,
        (rule_id,),
        tags.get("msg", "")[:200],
        looked[2] if looked else "",
        looked[1].replace("\\\\", "\\")[:200] if looked else "",
        client=(client[1] or client[2]) if client else "",
        method=request[1] if request else "",
        path=tags.get("uri", "").partition("?")[0][:300],
    )
    denied = _DENIED.search(line)
    if denied is None:
        if not _SUMMING_UP.match(rule_id):
            if len(scores) > MOST_REFUSALS:
                scores.clear()
            score = _SCORES.get(tags.get("severity", "").upper(), 0)
            scores.setdefault(transaction, []).append(_Scored(rule_id, score, one))
        return None
    status = int(denied[1]) if denied[1] else None
    if not _SUMMING_UP.match(rule_id):
        return replace(one, status=status)
    counted = sorted(scores.pop(transaction, []), key=lambda scored: -scored.score)
    needed = _needed(counted, line)
    if not needed:
        return replace(one, status=status)
    ids = tuple(dict.fromkeys(scored.rule_id for scored in needed))
    return replace(needed[0].refusal, rule_ids=ids, status=status, method=one.method)


def _needed(counted: Sequence[_Scored], line: str) -> list[_Scored]:
    """The fewest rules, worst first, without which the score would have stayed below the limit."""
    limit, total = _OVER.search(line), _TOTAL.search(line)
    if limit is None or total is None:
        return list(counted)
    left, needed = int(total[1]), []
    for scored in counted:
        if left < int(limit[1]):
            break
        needed.append(scored)
        left -= scored.score
    return needed


# --- Apache and nginx -------------------------------------------------------------------------------------

_APACHE = re.compile(r"\[client ([0-9a-fA-F.:]+?)(?::\d+)?\] (?:(AH\d{5}): )?(.*)")
_APACHE_KINDS = {
    "AH01630": Kind.REQUIRE,
    "AH01797": Kind.DENY,
    "AH01623": Kind.METHODS,
    "AH01617": Kind.SIGN_IN,
    "AH01618": Kind.SIGN_IN,
    "AH01614": Kind.SIGN_IN,
}
_HTACCESS = re.compile(r"(/\S*\.htaccess): (.{1,200})")
_METHOD = re.compile(r"'([A-Z]+)' to ")
_NGINX = re.compile(r"\[(?:error|warn|notice|info)\] \d+#\d+: \*\d+ (.*?), client: ([0-9a-fA-F.:]+)")
_NGINX_KINDS = (
    ("access forbidden by rule", Kind.DENY),
    ("limiting requests", Kind.RATE),
    ("limiting connections", Kind.RATE),
    ("no user/password was provided", Kind.SIGN_IN),
    ("password mismatch", Kind.SIGN_IN),
)


def _apache(line: str) -> Refusal | None:
    match = _APACHE.search(line)
    if match is None:
        return None
    client, number, text = match[1], match[2] or "", match[3]
    if number in _APACHE_KINDS:
        method = _METHOD.search(text)
        # The path that stands there is a file's or an upstream's, not the one that was asked.
        return Refusal(
            "Apache", _APACHE_KINDS[number], (number,), client=client, method=method[1] if method else ""
        )
    broken = _HTACCESS.search(text)
    if broken and ":alert]" in line:
        message = f"{broken[1]}: {broken[2]}"
        return Refusal("Apache", Kind.BROKEN, message=message, status=500, client=client)
    return None


def _nginx(line: str) -> Refusal | None:
    match = _NGINX.search(line)
    if match is None:
        return None
    kind = next((kind for text, kind in _NGINX_KINDS if text in match[1]), None)
    if kind is None:
        return None
    request = _REQUEST.search(line)
    method, path = (request[1], request[2][:300]) if request else ("", "")
    return Refusal("nginx", kind, client=match[2], method=method, path=path)


_TIMES = (
    (re.compile(r"^\[\w{3} (\w{3} \d{2} \d{2}:\d{2}:\d{2})(?:\.\d+)? (\d{4})\]"), "%b %d %H:%M:%S %Y"),
    (re.compile(r"^(\d{4}/\d{2}/\d{2}) (\d{2}:\d{2}:\d{2}) "), "%Y/%m/%d %H:%M:%S"),
)


def _at(line: str, zone: tzinfo) -> datetime | None:
    for pattern, shape in _TIMES:
        match = pattern.match(line)
        if match:
            try:
                return datetime.strptime(" ".join(match.groups()), shape).replace(tzinfo=zone).astimezone(UTC)
            except ValueError:
                return None
    return None
