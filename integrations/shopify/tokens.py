"""Access tokens by the client-credentials grant, kept in this process until shortly before they end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.documents import Record
from integrations.errors import CredentialsRefused, RemoteError
from integrations.http import RemoteClient
from integrations.parsing import parse

RENEW_BEFORE_END = timedelta(minutes=10)


class Grant(Record):
    access_token: str
    expires_in: int = 3600


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    until: datetime


_GRANT = TypeAdapter(Grant)
_kept: dict[tuple[str, str, str], _Kept] = {}


async def granted_token(http: RemoteClient, client_id: str, client_secret: str, *, now: datetime) -> str:
    """A token that is good for at least some minutes; lives about 24 h and is asked for anew, there is no
    refresh token (shopify.dev: get API access tokens). Raises RemoteError."""
    key = (http.target_url, client_id, client_secret)
    kept = _kept.get(key)
    if kept and now < kept.until:
        return kept.token
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    answer = await http.request(
        "POST",
        f"{http.target_url}/admin/oauth/access_token",
        now=now,
        headers={"content-type": "application/x-www-form-urlencoded"},
        content=urlencode(form).encode(),
    )
    if answer.status != 200:
        raise _refused(http, answer)
    grant = parse(http, answer, _GRANT)
    lifetime = max(timedelta(seconds=grant.expires_in) - RENEW_BEFORE_END, timedelta(0))
    _kept[key] = _Kept(grant.access_token, now + lifetime)
    return grant.access_token


def forget_token(http: RemoteClient, client_id: str, client_secret: str) -> None:
    """The shop refused the kept token: ask for a new one next time."""
    _kept.pop((http.target_url, client_id, client_secret), None)


def _refused(http: RemoteClient, answer: Answer) -> RemoteError:
    if answer.status not in (400, 401, 403) or not answer.looks_like_json:
        return http.error(answer)
    document = json_document(answer)
    reason = str(document.get("error", "")) if isinstance(document, dict) else ""
    if reason == "shop_not_permitted":
        sentence = _("The app and the shop belong to different Shopify organizations.")
        remedy = _("Use an app of the organization that owns the shop.")
    elif reason == "app_not_installed":
        sentence = _("The app is not installed in this shop.")
        remedy = _("Install the app in the shop from the Shopify Dev Dashboard.")
    else:
        sentence = _("Shopify does not accept this client id and secret.")
        remedy = _("Copy both again from the app's settings in the Shopify Dev Dashboard.")
    call = http.note(answer, Classification(Outcome.REFUSED, "Shopify", sentence))
    return CredentialsRefused(sentence, call=call, remedy=remedy)
