"""OAuth 2 tokens by the client-credentials grant, kept in this process until shortly before they end.

Rules: sendcloud.dev, oauth2/token: the key pair signs the request, a token lives for an hour.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.documents import Record
from integrations.errors import CredentialsRefused, RemoteError
from integrations.http import RemoteClient
from integrations.parsing import parse

RENEW_BEFORE_END = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The keys of an account, and where they are exchanged for a token."""

    public: str = field(repr=False)
    secret: str = field(repr=False)
    token_url: str = ""
    """Empty: the keys themselves sign every request."""

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header."""
        return "Basic " + b64encode(f"{self.public}:{self.secret}".encode()).decode()


class Grant(Record):
    access_token: str
    expires_in: int = 3600


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    until: datetime


_GRANT = TypeAdapter(Grant)
_kept: dict[KeyPair, _Kept] = {}


async def granted_token(http: RemoteClient, keys: KeyPair, *, now: datetime) -> str:
    """A token that is good for at least some minutes. Raises RemoteError."""
    kept = _kept.get(keys)
    if kept and now < kept.until:
        return kept.token
    answer = await http.request(
        "POST",
        keys.token_url,
        now=now,
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=urlencode({"grant_type": "client_credentials", "scope": "api"}).encode(),
        auth=lambda _method, _url: {"authorization": keys.basic},
    )
    if answer.status != 200:
        raise _refused(http, answer)
    grant = parse(http, answer, _GRANT)
    lifetime = max(timedelta(seconds=min(grant.expires_in, 86_400)) - RENEW_BEFORE_END, timedelta(0))
    _kept[keys] = _Kept(grant.access_token, now + lifetime)
    return grant.access_token


def forget_token(keys: KeyPair) -> None:
    """The kept token was refused: ask for a new one next time."""
    _kept.pop(keys, None)


def _refused(http: RemoteClient, answer: Answer) -> RemoteError:
    if answer.status not in (400, 401, 403) or not answer.looks_like_json:
        return http.error(answer)
    sentence = _("Sendcloud gives no token for this key pair.")
    remedy = _("Set the sign-in to basic, or ask Sendcloud to allow OAuth 2 for this key pair.")
    call = http.note(answer, Classification(Outcome.REFUSED, "Sendcloud", sentence))
    return CredentialsRefused(sentence, call=call, remedy=remedy)
