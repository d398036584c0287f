"""A small OpenID Connect provider that really answers and signs, for whoever it is told to vouch for."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "syncwatch", "the-client-secret"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    url: str
    claims: dict[str, Any] = field(default_factory=dict)
    """What it says of whoever comes."""
    info: dict[str, Any] = field(default_factory=dict)
    """What the user information says otherwise."""
    named: dict[str, str] = field(default_factory=dict)
    """What its discovery document says otherwise."""
    key: Any = KEY
    asked: dict[str, str] = field(default_factory=dict)

    def token(self) -> str:
        now = int(time.time())
        held = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, **self.claims}
        return jwt.encode(held, self.key, algorithm="RS256", headers={"kid": "1"})

    def answer(self, path: str, sent: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                **{
                    f"{name}_endpoint": f"{self.url}/{name}"
                    for name in ("authorization", "token", "userinfo")
                },
                "jwks_uri": f"{self.url}/jwks",
                **self.named,
            }
        if path == "/authorization":
            self.asked = sent
            return 302, f"{sent['redirect_uri']}?{urlencode({'code': 'c0de', 'state': sent['state']})}"
        if path == "/token":
            known = (sent.get("code"), sent.get("client_secret")) == ("c0de", SECRET)
            if not known or not sent.get("code_verifier"):
                return 400, {"error": "invalid_grant"}
            return 200, {"access_token": "access", "token_type": "Bearer", "id_token": self.token()}
        if path == "/userinfo":
            return 200, {**self.claims, **self.info}
        if path == "/jwks":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            return 200, {"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]}
        return 404, {}


@contextmanager
def running() -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.reply(parts.path, parts.query)

        def do_POST(self) -> None:
            self.reply(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode())

        def reply(self, path: str, query: str) -> None:
            status, document = provider.answer(path, {key: one[0] for key, one in parse_qs(query).items()})
            body = json.dumps(document).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", str(document))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    server.server_close()
    thread.join()
