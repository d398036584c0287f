"""Lines of ModSecurity in the error logs of Apache (version 2) and nginx (version 3).

OWASP's rule set mostly works in two steps: rules that find something add to a score and are noted as
warnings; a last rule refuses where the score is too high. The refusal is known by the last rule's line, the
reason by the warnings with the same ``unique_id``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from integrations.access.server_log.records import AGENT, Kind, Refusal, Rule

MARK = "ModSecurity: "
MOST_OPEN = 2_000
_TAG = re.compile(r'\[(id|msg|severity|uri|unique_id) "((?:[^"\\]|\\.)*)"\]')
_DENIED = re.compile(r"Access denied with (?:code (\d{3})|connection close)")
_LIMIT = re.compile(r"(?:GE matched |`Ge' with parameter `)(\d+)")
_TOTAL = re.compile(r"Total Score: (\d+)")
_NAME = r"(?::[\w.-]*[\w-])?"
_VARIABLE = rf"([A-Z_]+{_NAME})"
_OF_VISITOR = rf"((?:ARGS|REQUEST_[A-Z]+){_NAME})"
_QUOTED = r'(?<!\\)"(?P<pattern>(?:[^"\\]|\\.)*)"'
"""Never begins at a quotation mark that servers escaped, of which a visitor can send thousands."""
_LOOKED = (
    re.compile(rf'{_QUOTED} against "TX:\w*?_{_OF_VISITOR}"'),
    re.compile(rf'{_QUOTED} (?:at|against) "?{_VARIABLE}'),
    re.compile(rf"with parameter `(?P<pattern>.*?)' against variable `{_VARIABLE}'"),
    re.compile(rf"(?P<pattern>)byte\(s\) in {_VARIABLE} outside range"),
)
_CLIENT = re.compile(r"\[client ([0-9a-fA-F.:]+?)(?::\d+)?\]|, client: ([0-9a-fA-F.:]+)")
_METHOD = re.compile(r', request: "([A-Z]+) ')
_SCORES = {"CRITICAL": 5, "ERROR": 4, "WARNING": 3, "NOTICE": 2}
"""What OWASP's rule set adds to a request's score, by a rule's severity, as shipped."""
_SUMMING_UP = re.compile(r"^(949|959|980)\d{3}$")
"""Rules that only add up what others found."""


@dataclass(slots=True)
class Transactions:
    """Reads lines one after the other; what was found in a request is kept until it is refused."""

    _found: dict[str, list[tuple[int, Rule]]] = field(default_factory=dict)

    def read(self, line: str) -> Refusal | None:
        """A refusal, once its last line has come."""
        tags = dict(_TAG.findall(line))
        if not tags.get("id", "").isdecimal():
            return None
        rule, transaction = _rule(tags, line), tags.get("unique_id", "")
        denied = _DENIED.search(line)
        if denied is not None:
            return self._refusal(rule, transaction, tags, line, int(denied[1]) if denied[1] else None)
        if not _SUMMING_UP.match(rule.id):
            if len(self._found) > MOST_OPEN:
                self._found.clear()
            score = _SCORES.get(tags.get("severity", "").upper(), 0)
            self._found.setdefault(transaction, []).append((score, rule))
        return None

    def _refusal(
        self, rule: Rule, transaction: str, tags: dict[str, str], line: str, status: int | None
    ) -> Refusal:
        rules = [rule]
        found = self._found.pop(transaction, [])
        if _SUMMING_UP.match(rule.id):
            rules = _needed(found, line) or rules
        client, method = _CLIENT.search(line), _METHOD.search(line)
        return Refusal(
            "ModSecurity",
            Kind.RULE,
            tuple(dict.fromkeys(rules)),
            status=status,
            client=(client[1] or client[2]) if client else "",
            method=method[1] if method else "",
            path=tags.get("uri", "").partition("?")[0][:300],
        )


def _rule(tags: dict[str, str], line: str) -> Rule:
    looked = next((match for shape in _LOOKED if (match := shape.search(line))), None)
    variable = looked[2] if looked else ""
    pattern = looked["pattern"].replace("\\\\", "\\")[:200] if looked else ""
    if variable.startswith(("MATCHED_VAR", "TX:")):
        # The last of several rules in a chain: the line does not say what the first one looked at.
        variable = ""
    if variable.lower() == AGENT.lower():
        variable = AGENT
    return Rule(tags["id"], variable, pattern, tags.get("msg", "")[:200])


def _needed(found: Sequence[tuple[int, Rule]], line: str) -> list[Rule]:
    """The fewest rules, worst first, without which the score would have stayed below the limit."""
    worst_first = sorted(found, key=lambda one: -one[0])
    limit, total = _LIMIT.search(line), _TOTAL.search(line)
    if limit is None or total is None:
        return [rule for _, rule in worst_first]
    left, needed = int(total[1]), []
    for score, rule in worst_first:
        if left < int(limit[1]):
            break
        needed.append(rule)
        left -= score
    return needed
