"""The front page of a site, and asking around below its addresses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from urllib.parse import urlsplit, urlunsplit

from integrations.access.classify import Application, Classification, classify
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.detection.typed import Typed
from integrations.errors import ConnectionFailed, NoAnswer, RemoteError, TlsFailed, UnexpectedAnswer
from integrations.http import RemoteClient

PAGE_BYTES = 262_144
MOST_BASES = 3
_REDIRECTS = 5
_HTML = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"}

# Signs in the page or its headers; none is proof, they only say whom to ask first.
_CLUES: Mapping[str, re.Pattern[str]] = {
    "shopify": re.compile(r"cdn\.shopify\.com|Shopify\.shop\b|^x-shopid:|^powered-by: shopify", re.I | re.M),
    "woocommerce": re.compile(r"wp-content/|api\.w\.org|woocommerce", re.I),
    "magento": re.compile(r"data-mage-init|text/x-magento-init|/static/version\d+/|^x-magento-", re.I | re.M),
    "prestashop": re.compile(r"var prestashop\b|content=\"prestashop|prestashop-[0-9a-f]{8}", re.I),
}


@dataclass(slots=True)
class Site:
    """A place on the web, as far as it was looked at."""

    http: RemoteClient
    now: datetime
    typed: Typed
    page: Answer | None = None
    """The front page, whatever its status."""
    failures: list[RemoteError] = field(default_factory=list)
    """Why requests had no answer."""

    @property
    def text(self) -> str:
        return self.page.text(PAGE_BYTES) if self.page else ""

    @property
    def clues(self) -> frozenset[str]:
        """Platforms that the front page hints at."""
        headers = self.page.headers if self.page else {}
        lines = "\n".join(f"{name.lower()}: {value}" for name, value in headers.items())
        seen = f"{lines}\n{self.text}"
        return frozenset(platform for platform, sign in _CLUES.items() if sign.search(seen))

    def bases(self) -> list[str]:
        """Addresses under which the shop may be: as typed and as redirected, and what lies above them."""
        first = urlsplit(self.typed.url)
        last = urlsplit(self.page.url if self.page else self.typed.url)
        paths = [*_upwards(first.path), *_upwards(last.path)]
        unique = dict.fromkeys(urlunsplit((last.scheme, last.netloc, path, "", "")) for path in paths)
        return list(unique)[:MOST_BASES]

    async def ask(
        self,
        url: str,
        *,
        redirects: int = 0,
        params: Mapping[str, str] | None = None,
        truncate_at: int | None = None,
    ) -> Answer | None:
        """A GET; ``None`` when nothing usable came back. Raises RateLimited when the site had enough."""
        try:
            answer = await self.http.request(
                "GET",
                url,
                now=self.now,
                params=params,
                redirects=redirects,
                retry=False,
                truncate_at=truncate_at,
            )
        except (NoAnswer, UnexpectedAnswer) as error:
            self.failures.append(error)
            return None
        if self.judged(answer).outcome is Outcome.RATE_LIMITED:
            raise self.http.error(answer)
        return answer

    def judged(self, answer: Answer, application: Application | None = None) -> Classification:
        return classify(answer, application)

    def obstacle(self, answer: Answer, application: Application) -> RemoteError:
        """The error that an answer stands for, in the eyes of an application."""
        return self.http.error(answer, classify(answer, application))


async def visit(http: RemoteClient, typed: Typed, now: datetime) -> Site:
    """Opens the front page; plain http is tried where https is not offered and nobody asked for it.

    Raises RemoteError when nothing answers at all.
    """
    site = Site(http, now, typed)
    try:
        site.page = await _front(http, typed.url, now)
    except (ConnectionFailed, TlsFailed) as error:
        if typed.chose_scheme:
            raise
        plain = Typed(typed.url.replace("https://", "http://", 1), chose_scheme=True)
        try:
            page = await _front(http, plain.url, now)
        except RemoteError:
            # The first reason is the one that counts: https is how it should be reached.
            raise error from None
        site = Site(http, now, plain, page)
    return site


async def _front(http: RemoteClient, url: str, now: datetime) -> Answer:
    return await http.request(
        "GET", f"{url}/", now=now, headers=_HTML, redirects=_REDIRECTS, truncate_at=PAGE_BYTES
    )


def _upwards(path: str) -> Iterator[str]:
    path = path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def generator(text: str, product: str) -> str:
    """The version a page names in ``<meta name="generator" content="product 1.2.3">``, else nothing."""
    for tag in re.finditer(r"<meta\b[^>]{0,300}>", text, re.I):
        found = re.search(rf"content=[\"']{product} v?(\d[\w.-]{{0,20}})", tag[0], re.I)
        if found and re.search(r"name=[\"']generator", tag[0], re.I):
            return found[1]
    return ""


def plain_title(value: object) -> str:
    """A shop's own name as text of one line."""
    return " ".join(unescape(value).split())[:80] if isinstance(value, str) else ""
