"""Builds an audit's checks: each finding with its severities."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare.reading import NotRead
from integrations.cloudflare.severities import HOSTED, VISITED, RuleBook, Severity
from integrations.contracts import Check, CheckState, ConditionKind

Value = str | int | float | None
LONGEST_LIST = 200
_NOTHING: frozenset[CheckState] = frozenset({CheckState.OK, CheckState.INFO})


class Findings:
    """The checks found so far."""

    def __init__(self, rule_book: RuleBook, severities: Mapping[str, str]) -> None:
        self.rule_book = rule_book
        self.own = {code: CheckState(state) for code, state in severities.items()}
        self.checks: list[Check] = []

    def hosted(
        self,
        code: str,
        text: str,
        remedy: str = "",
        *,
        older: bool,
        today: bool,
        **values: Value,
    ) -> None:
        """A row of the orange-to-orange checklist; ``older`` and ``today`` tell by which rules it is met.

        Both severities stand in the check's values; its state is that of the chosen rule book.
        """
        default = HOSTED[code]
        both = Severity(*(self._severity(code, s) for s in default))
        states = {
            "older": both.older if older else _unmet(both.older),
            "today": both.today if today else _unmet(both.today),
        }
        self._add(code, states[self.rule_book], text, remedy, values, states=states)

    def visited(
        self,
        code: str,
        text: str,
        remedy: str = "",
        *,
        met: bool,
        subject: str = "",
        severity_of: str = "",
        values: Mapping[str, Value] | None = None,
    ) -> None:
        """A row of what may stop a hub; ``severity_of`` where it has more than one severity."""
        severity = self._severity(severity_of or code, VISITED[severity_of or code])
        self._add(code, severity if met else _unmet(severity), text, remedy, values or {}, subject=subject)

    def unread(self, code: str, what: str, cause: NotRead, *, subject: str = "") -> None:
        """A row that could not be looked at."""
        values: dict[str, Value] = {"what": what, "reason": cause.reason}
        remedy = ""
        text = _noop("%(what)s: not checked. %(reason)s")
        if cause.permission is not None:
            values["permission"] = cause.permission.value
            text = _noop('%(what)s: not checked, the token lacks the permission "%(permission)s".')
            remedy = _noop(
                "In Cloudflare under My Profile > API Tokens add to the token the permission %(permission)s."
            )
        if cause.permission is not None and cause.documentation_url:
            values["documentation_url"] = cause.documentation_url
            remedy = _noop(
                "In Cloudflare under My Profile > API Tokens add to the token the permission %(permission)s. "
                "What Cloudflare says of it: %(documentation_url)s"
            )
        self.uncertain(code, text, remedy, subject=subject, **values)

    def uncertain(
        self, code: str, text: str, remedy: str = "", *, subject: str = "", **values: Value
    ) -> None:
        """A row whose answer cannot be told."""
        states = {"older": CheckState.UNKNOWN, "today": CheckState.UNKNOWN} if code in HOSTED else {}
        self._add(code, CheckState.UNKNOWN, text, remedy, values, subject=subject, states=states)

    def note(self, code: str, text: str, **values: Value) -> None:
        """Something worth showing."""
        states = {"older": CheckState.INFO, "today": CheckState.INFO} if code in HOSTED else {}
        self._add(code, CheckState.INFO, text, "", values, states=states)

    def _severity(self, code: str, default: CheckState) -> CheckState:
        return self.own.get(code, default)

    def _add(
        self,
        code: str,
        state: CheckState,
        text: str,
        remedy: str,
        values: Mapping[str, Value],
        *,
        subject: str = "",
        states: Mapping[str, CheckState] | None = None,
    ) -> None:
        said = {name: value[:300] if isinstance(value, str) else value for name, value in values.items()}
        both: dict[str, Value] = {book: found.value for book, found in (states or {}).items()}
        quiet = state in _NOTHING and all(found in _NOTHING for found in (states or {}).values())
        self.checks.append(
            Check(
                ConditionKind.EDGE,
                code,
                state,
                text,
                {**said, **both},
                "" if quiet else remedy,
                subject[:200],
            )
        )


def _unmet(severity: CheckState) -> CheckState:
    """What is only worth showing is worth showing either way."""
    return CheckState.INFO if severity is CheckState.INFO else CheckState.OK


def listed(names: Iterable[str]) -> str:
    """Names as one text, cut where it grows too long."""
    shown = ""
    for name in sorted({name.strip()[:80] for name in names}):
        longer = f"{shown}, {name}" if shown else name
        if len(longer) > LONGEST_LIST:
            return f"{shown} …"
        shown = longer
    return shown
