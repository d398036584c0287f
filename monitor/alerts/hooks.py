"""Sending notices to web-hooks: signed, through the address guard, and never following a redirect."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.answer import Answer as HttpAnswer
from integrations.errors import RemoteError
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from monitor.alerts.answers import Answer, Decision
from monitor.alerts.channels import Endpoint, message_key, signed, subscription_of
from monitor.alerts.documents import document, slack
from monitor.alerts.facts import Step
from monitor.alerts.message import message_of
from monitor.models import Channel, Notice, Subscription

PATIENCE: Final = Patience(connect=5, read=15, whole=20)
ENOUGH: Final = 2_000
"""Bytes of an answer; more is not read."""
QUOTED: Final = 200
"""Characters of it that are kept."""
MOST_PATIENCE: Final = timedelta(hours=1)
"""Who asks us to wait for longer is asked again after this."""
_GONE: Final = frozenset({404, 410})
_CONTENT: Final = frozenset({400, 413, 415, 422})
"""This notice is not to its taste; the next may be."""
_SLACK_GONE: Final = ("invalid_token", "no_service", "no_team", "team_disabled", "channel_is_archived")
"""Slack says so with 403, 404 or 410 (api.slack.com, "handling errors" of incoming web-hooks)."""


class Hooks:
    """Each web-hook by itself: one that is dead delays no other for longer than it takes to find out."""

    channels: ClassVar[Sequence[Channel]] = (Channel.WEBHOOK, Channel.SLACK)
    is_shared: ClassVar[bool] = False

    def send(self, notice: Notice, now: datetime) -> Answer | None:
        row = subscription_of(notice.recipient)
        if row is None or not row.is_active:
            return Answer(Decision.GIVE_UP, "The web-hook was removed or switched off.")
        if row.bounced_at is not None and notice.step != Step.TEST:
            return Answer(Decision.GIVE_UP, row.bounce_answer or "The web-hook was refused for good.")
        told = message_of(notice)
        body = slack(told) if row.channel == Channel.SLACK else document(told)
        # What went wrong is kept, and read by people of any language.
        with translation.override("en"):
            return asyncio.run(_post(row, Endpoint.of(row), message_key(notice.message_id), body, now))

    def close(self) -> None:
        """Nothing is kept open: minutes pass between two notices."""


async def _post(row: Subscription, endpoint: Endpoint, key: str, body: bytes, now: datetime) -> Answer | None:
    headers = {"content-type": "application/json", **signed(endpoint.secret, key, body, now)}
    policy = GuardPolicy(allowed_networks=settings.SYNCWATCH_ALLOWED_NETWORKS)
    hidden = [endpoint.url, endpoint.secret]
    try:
        async with RemoteClient(endpoint.url, policy=policy, secrets=hidden, patience=PATIENCE) as client:
            answer = await client.request(
                "POST",
                endpoint.url,
                now=now,
                headers=headers,
                content=body,
                truncate_at=ENOUGH,
                keep=False,
            )
    except RemoteError as error:
        return Answer(Decision.SERVER_AWAY, endpoint.without_secrets(str(error))[:500])
    return understand(answer, endpoint, is_slack=row.channel == Channel.SLACK)


def understand(answer: HttpAnswer, endpoint: Endpoint, *, is_slack: bool) -> Answer | None:
    """Decides by the status, and by Slack's words; None: it was taken."""
    status = answer.status
    if 200 <= status < 300:
        return None
    said = "" if answer.looks_like_html else " ".join(answer.text(ENOUGH).split())
    text = f"HTTP {status} {endpoint.without_secrets(said)[:QUOTED]}".strip()
    if 300 <= status < 400:
        text = f"HTTP {status} " + _("It answers with another address; enter the one that it names.")
    if status in _GONE or (is_slack and status == 403 and said.startswith(_SLACK_GONE)):
        return Answer(Decision.BOUNCED, text)
    if status in _CONTENT:
        return Answer(Decision.RETRY, text)
    wait = answer.retry_after()
    return Answer(Decision.SERVER_AWAY, text, retry_after=min(wait, MOST_PATIENCE) if wait else None)
