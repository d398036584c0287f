"""Signing in by the organisation's OpenID Connect provider."""

from typing import Any, cast

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.socialaccount.views import ConnectionsView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from monitor.people.provider import NoAnswer

PROVIDER = "sso"
_connections = login_required(ConnectionsView.as_view())


class _Provider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """Checks every signature, also of what came over TLS, and that both answers are about one person."""

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        login = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        token_of = told.get("id_token")
        if not token_of or told.get("userinfo", token_of).get("sub") != token_of.get("sub"):
            raise OAuth2Error("The identity token and the user information are about different people.")
        return login

    def _decode_id_token(self, app: Any, id_token: str) -> Any:
        return jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )


@login_not_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
def go(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Leads to the provider, by a page of ours: browsers let a form lead to no other site by itself."""
    answer = _asked(OAuth2LoginView, request, provider_id)
    if request.method != "POST" or answer.status_code != 302:
        return answer
    context = {"there": answer["Location"], "provider": settings.OIDC_NAME}
    return render(request, "socialaccount/going.html", context)


@login_not_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends people back to."""
    return _asked(OAuth2CallbackView, request, provider_id)


def connections(request: HttpRequest) -> HttpResponse:
    """Tying one's account here to that at the provider, and untying them."""
    if not settings.OIDC_ISSUER:
        raise Http404
    return cast(HttpResponse, _connections(request))


def _asked(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if not settings.OIDC_ISSUER or provider_id != PROVIDER:
        raise Http404
    try:
        return cast(HttpResponse, view.adapter_view(_Provider(request, provider_id))(request))
    except NoAnswer:
        return render(request, "socialaccount/authentication_error.html", status=502)
