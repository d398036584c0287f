"""Asks Braze's REST API and names its refusals.

Statuses and headers: Braze's documentation of errors and rate limits. Which status a missing
permission gets is not documented, so 401 and 403 both name the permission that the question needs.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient

PERMISSIONS: Mapping[str, str] = {
    "events/list": "events.list",
    "events/data_series": "events.data_series",
    "sessions/data_series": "sessions.data_series",
    "catalogs": "catalogs.get",
}
"""Path of a question -> the key's permission that it needs."""
NEEDED = "events.list, events.data_series, sessions.data_series, catalogs.get"
BACK_OFF = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
"""Limits are counted by the hour."""
KEPT_SHARE = 0.02
"""Of a limit, left untouched: the customer's own sending draws from the same one."""
_BRAZE = re.compile(r"(?:^|\.)braze\.(?:com|eu)$")
_DASHBOARD = re.compile(r"^dashboard-(\d\d)\.braze\.(com|eu)$")


def check_host(url: str) -> None:
    """Raises CredentialsRefused unless a key of Braze may be sent there."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    dashboard = _DASHBOARD.match(host)
    if dashboard:
        region = "iad" if dashboard[2] == "com" else "fra"
        raise errors.CredentialsRefused(
            _("%(host)s is Braze's dashboard, not its REST endpoint.") % {"host": host},
            remedy=_("Enter the REST endpoint of the instance: %(address)s")
            % {"address": f"https://rest.{region}-{dashboard[1]}.braze.{dashboard[2]}"},
        )
    if parts.scheme != "https" or not _BRAZE.search(host):
        raise errors.CredentialsRefused(
            _("%(host)s is no REST endpoint of Braze, so the key is not sent there.") % {"host": host},
            remedy=_(
                "Enter the REST endpoint that Braze shows under Settings > APIs and Identifiers, with https."
            ),
        )


class BrazeApi:
    """GETs with the workspace's key."""

    def __init__(self, http: RemoteClient, api_key: str) -> None:
        self._http = http
        self._authorization = f"Bearer {api_key}"
        self._spent: dict[str, timedelta] = {}

    async def get(self, path: str, params: Mapping[str, str] | None = None, *, now: datetime) -> Answer:
        """One of :data:`PERMISSIONS`. Raises RemoteError unless the answer is 200 with JSON."""
        answer = await self.ask(path, params, now=now)
        if answer.status == 200 and answer.looks_like_json:
            return answer
        raise await self.error(answer, path)

    async def ask(self, path: str, params: Mapping[str, str] | None, *, now: datetime) -> Answer:
        """The answer, whatever its status. Raises RemoteError when there is none."""
        if path in self._spent:
            sentence = _("Hardly any requests of the workspace are left; they are left to its own sending.")
            raise errors.RateLimited(sentence, retry_after=self._spent[path])
        answer = await self._http.request(
            "GET",
            f"{self._http.target_url}/{path}",
            now=now,
            params=params,
            auth=lambda _method, _url: {"authorization": self._authorization},
        )
        limit, left = _number(answer, "x-ratelimit-limit"), _number(answer, "x-ratelimit-remaining")
        if limit and left is not None and left < limit * KEPT_SHARE:
            self._spent[path] = _until_reset(answer) or BACK_OFF
        return answer

    async def error(self, answer: Answer, path: str) -> errors.RemoteError:
        """The error that an answer other than 200 with JSON stands for."""
        if answer.status == 429:
            wait = _until_reset(answer) or answer.retry_after() or BACK_OFF
            await self._http.hold(min(wait, BACK_OFF))
            sentence = _("Braze asks for patience: the workspace's requests for this hour are used up.")
            call = self._http.note(answer, Classification(Outcome.RATE_LIMITED, "Braze", sentence))
            return errors.RateLimited(sentence, call=call, retry_after=wait)
        if not answer.looks_like_json:
            return self._http.error(answer)
        if answer.status == 202:
            sentence = _("Braze is in maintenance: it queues requests instead of answering them.")
            call = self._http.note(answer, Classification(Outcome.MAINTENANCE, "Braze", sentence))
            return errors.InMaintenance(sentence, call=call)
        if answer.status in (401, 403) or (answer.status == 404 and path == "events/list"):
            return self._refused(answer, path)
        return self._http.error(answer)

    def _refused(self, answer: Answer, path: str) -> errors.RemoteError:
        permission = PERMISSIONS[path]
        kind: type[errors.RemoteError] = errors.RightMissing
        remedy = _("Make a new key with the permissions %(all)s: a key's permissions cannot be changed.")
        if answer.status == 403:
            sentence = _("Braze forbids %(permission)s: the key or the plan lacks it, or the account is off.")
        elif path == "events/list":
            kind = errors.CredentialsRefused
            sentence = _("Braze does not accept the key for %(permission)s.")
            remedy = _(
                "Compare the address with the REST endpoint that Braze shows, and the key's list of allowed "
                "addresses. Otherwise make a new key with the permissions %(all)s."
            )
        else:
            sentence = _("The key lacks the permission %(permission)s.")
        sentence %= {"permission": permission}
        call = self._http.note(answer, Classification(Outcome.REFUSED, "Braze", sentence))
        return kind(sentence, call=call, remedy=remedy % {"all": NEEDED})


def _number(answer: Answer, name: str) -> int | None:
    value = answer.headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None


def _until_reset(answer: Answer) -> timedelta | None:
    """Until the limit begins anew, by the header's epoch seconds; at most an hour."""
    reset = _number(answer, "x-ratelimit-reset")
    if reset is None or reset > 32_503_680_000:
        return None
    wait = datetime.fromtimestamp(reset, UTC) - answer.at
    return min(max(wait, timedelta(seconds=1)), LONGEST_WAIT)
