"""Access tokens: the stored permanent one, or one by the client-credentials grant, which is kept in this
process until shortly before it ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pydantic import Field, SecretStr, TypeAdapter

from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.documents import Record
from integrations.errors import CredentialsRefused, RemoteError
from integrations.http import Auth, RemoteClient
from integrations.parsing import parse
from integrations.shopify.options import Credentials
from integrations.shopify.refusals import error_of_status

RENEW_BEFORE_END = timedelta(minutes=10)


class Grant(Record):
    access_token: str
    expires_in: int = Field(default=3600, ge=0, le=10**8)


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    until: datetime


_GRANT = TypeAdapter(Grant)
_kept: dict[tuple[str, str, str], _Kept] = {}


class Tokens:
    """The token to use now. A permanent one is used as long as the shop accepts it; where a client id and
    secret are stored too, a granted one takes its place afterwards."""

    def __init__(self, http: RemoteClient, credentials: Credentials) -> None:
        self._http = http
        self._permanent = _plain(credentials.access_token)
        self._client = (credentials.client_id, _plain(credentials.client_secret))

    async def auth(self, now: datetime) -> Auth:
        """Signs requests. Raises RemoteError when no token is granted."""
        token = self._permanent or await self._granted(now)
        return lambda _method, _url: {"x-shopify-access-token": token}

    def may_replace(self, error: CredentialsRefused) -> bool:
        """Whether the token was refused with 401, and another one can be asked for."""
        call = error.call
        if not all(self._client) or call is None or not (call.status == 401 and "/admin/api/" in call.url):
            return False
        if self._permanent:
            self._permanent = ""
        else:
            _kept.pop((self._http.target_url, *self._client), None)
        return True

    async def _granted(self, now: datetime) -> str:
        """Good for at least some minutes. Lives about 24 h and is then asked for anew: there is no refresh
        token (shopify.dev: get API access tokens)."""
        key = (self._http.target_url, *self._client)
        kept = _kept.get(key)
        if kept and now < kept.until:
            return kept.token
        client_id, client_secret = self._client
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        answer = await self._http.request(
            "POST",
            f"{self._http.target_url}/admin/oauth/access_token",
            now=now,
            headers={"content-type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
        )
        if answer.status != 200:
            raise _refused(self._http, answer)
        grant = parse(self._http, answer, _GRANT)
        lifetime = max(timedelta(seconds=grant.expires_in) - RENEW_BEFORE_END, timedelta(0))
        _kept[key] = _Kept(grant.access_token, now + lifetime)
        return grant.access_token


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _refused(http: RemoteClient, answer: Answer) -> RemoteError:
    if answer.status not in (400, 401, 403) or not answer.looks_like_json:
        return error_of_status(http, answer)
    document = json_document(answer)
    reason = str(document.get("error", "")) if isinstance(document, dict) else ""
    if reason == "shop_not_permitted":
        sentence = _(
            "Shopify grants this app no token: the app and the shop belong to different organizations."
        )
        remedy = _(
            "Use an app of the organization that owns the shop, or enter the permanent access token of an "
            "app that was made in the shop's admin."
        )
    elif reason == "app_not_installed":
        sentence = _("The app is not installed in this shop.")
        remedy = _("Install the app in the shop from the Shopify Dev Dashboard.")
    else:
        sentence = _("Shopify does not accept this client id and secret.")
        remedy = _("Copy both again from the app's settings in the Shopify Dev Dashboard.")
    call = http.note(answer, Classification(Outcome.REFUSED, "Shopify", sentence))
    return CredentialsRefused(sentence, call=call, remedy=remedy)
