"""In front of every route of the hub's API: signing in, the account's limits, its faults."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import AccountSpec, FleetSpec
from integrations.sandbox.hub.answers import Refused, json_answer
from integrations.sandbox.hub.store import HubStore

Endpoint = Callable[[Request], Awaitable[Response]]
Listed = Iterable[tuple[str, str, Endpoint]]
"""Method, path, endpoint."""
_WINDOW_S = 60.0
TOKEN_LIFE_S = 3_600


class Gate:
    def __init__(self, fleet: FleetSpec, store: HubStore, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self._accounts = {fleet.sendcloud_key(a.name): a for a in fleet.accounts}
        self._windows: dict[tuple[str, bool], tuple[float, int]] = {}

    def routes(self, listed: Listed) -> list[Route]:
        """The routes behind the gate, and that of the tokens."""
        behind: list[tuple[str, str, Endpoint]] = list(listed)
        found = [Route(path, self._guarded(endpoint), methods=[method]) for method, path, endpoint in behind]
        return [Route("/oauth2/token", self.token, methods=["POST"]), *found]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            response = await self._answer(request, endpoint)
            response.headers["Date"] = formatdate(self.clock.now(), usegmt=True)
            return response

        return answer

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        if request.method == "GET" and request.headers.get("content-length", "0") != "0":
            return Response(status_code=403)  # its front refuses a GET with a body
        try:
            account = self._sign_in(request)
            if self._too_many(account, writes=request.method != "GET"):
                return Response(status_code=429)
            if "server_error" in self.store.faults().get(account.name, {}):
                return Response(
                    "<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html"
                )
            if account.only_v2 and request.url.path.startswith("/api/v3/"):
                raise Refused(403, "forbidden", "Your account has no access to this version of the API.")
            request.state.account = account
            return await endpoint(request)
        except Refused as refused:
            return json_answer(refused.document, refused.status)

    # Signing in

    def _sign_in(self, request: Request) -> AccountSpec:
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        account = self._of_token(value) if kind.lower() == "bearer" else self._of_keys(value)
        is_refused = kind.lower() != "bearer" and account is not None and account.only_tokens
        if account is None or is_refused or self._is_revoked(account):
            raise Refused(401, "authentication_failed", "Invalid username/password.")
        return account

    def _is_revoked(self, account: AccountSpec) -> bool:
        return "credentials_revoked" in self.store.faults().get(account.name, {})

    def _of_keys(self, value: str) -> AccountSpec | None:
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        for (public, secret), account in self._accounts.items():
            if secrets.compare_digest((public + secret).encode(), (user + password).encode()):
                return account
        return None

    def _of_token(self, token: str) -> AccountSpec | None:
        until, _, _rest = token.partition(".")
        if not until.isdigit() or int(until) <= self.clock.now():
            return None
        return next((a for a in self.fleet.accounts if self._token(a, int(until)) == token), None)

    def _token(self, account: AccountSpec, until: int) -> str:
        _public, secret = self.fleet.sendcloud_key(account.name)
        return f"{until}.{hashlib.sha256(f'{secret}/{until}'.encode()).hexdigest()[:40]}"

    async def token(self, request: Request) -> Response:
        """The client-credentials grant: a token for an hour."""
        form = parse_qs((await request.body()).decode())
        if form.get("grant_type") != ["client_credentials"]:
            return _oauth_error(400, "unsupported_grant_type")
        account = self._of_keys(request.headers.get("authorization", "").partition(" ")[2])
        if account is None or self._is_revoked(account):
            return _oauth_error(401, "invalid_client")
        token = self._token(account, int(self.clock.now()) + TOKEN_LIFE_S)
        return json_answer({"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "bearer"})

    # Limits

    def _too_many(self, account: AccountSpec, *, writes: bool) -> bool:
        """Count the request; True when the account's minute is used up."""
        limit = account.writes_per_minute if writes else account.gets_per_minute
        lowered = self.store.faults().get(account.name, {}).get("rate_limited")
        if lowered is not None:
            limit = int(lowered.get("per_minute", 0))
        now, key = self.clock.now(), (account.name, writes)
        began_at, count = self._windows.get(key, (now, 0))
        if now - began_at >= _WINDOW_S:
            began_at, count = now, 0
        self._windows[key] = (began_at, count + 1)
        return count + 1 > limit


def _oauth_error(status: int, error: str) -> Response:
    document = {"error": error, "error_description": error, "error_hint": "", "status_code": status}
    return json_answer(document, status)
