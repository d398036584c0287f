"""Deliveries of webhooks: did the store or hub really send this, and what does it speak of?

Each kind that sends any has a module ``deliveries`` with the names of :class:`Receiver`.
"""

import hmac
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any, Protocol, cast

import orjson

from integrations.registry import HUBS, STORES

SENDERS = ("shopify", "woocommerce", "sendcloud")
"""Kinds of stores and hubs whose deliveries are understood."""

_TOPIC = re.compile(r"[a-z][a-z0-9_]*(?:[./][a-z0-9_]+)*\Z")
_LONGEST = 80


class DeliveryRefused(Exception):
    """A delivery that is not taken. ``str()`` says why, for our own log and never for the sender."""


class SignatureRefused(DeliveryRefused):
    """None of the known secrets made the signature, or it is for somebody else."""


class Malformed(DeliveryRefused):
    """Well signed, and yet not what that kind of sender sends."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery as it came in. The body may hold customer data: it is not kept."""

    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    url: str
    """The address of the store or account whose deliveries are expected here."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a delivery speaks of, once its signature was found to be right."""

    key: str
    """Tells it from all other deliveries of its source; the same when sent again. At most 64 letters."""
    topic: str
    order_key: str = ""
    """The store's id of the order; empty when it is about none."""
    triggered_at: datetime | None = None
    is_privacy: bool = False
    """A request about the data of customers, which a platform obliges its apps to answer."""
    is_ping: bool = False
    """Only asks whether somebody is there. Unsigned, so nothing may follow from it."""


class Receiver(Protocol):
    """What a kind's module ``deliveries`` offers."""

    SECRETS: Sequence[str]
    """Names of the credentials that may sign: current ones and those being replaced."""
    HEADERS: Sequence[str]
    """Lower-case names of the headers that are looked at; the others need not be passed on."""

    def receive(self, incoming: Incoming, secrets: Sequence[bytes]) -> Verified:
        """Raises DeliveryRefused. Looks at the signature before anything else in the body."""


@cache
def receiver(kind: str) -> Receiver:
    """Raises KeyError for a kind that sends nothing we understand."""
    if kind not in SENDERS:
        raise KeyError(kind)
    package = {**STORES, **HUBS}[kind].rpartition(".adapter.")[0]
    return cast(Receiver, import_module(f"{package}.deliveries"))


# What the kinds have in common.


def is_signed(
    body: bytes, signature: str, secrets: Sequence[bytes], encode: Callable[[bytes], bytes]
) -> bool:
    """Whether one of the secrets made the signature: HMAC-SHA256 over the raw body, then ``encode``.

    Takes the same time whichever secret it was, and however much of the signature is right.
    """
    given = signature.encode("utf-8", "replace")
    found = [hmac.compare_digest(encode(hmac.digest(key, body, "sha256")), given) for key in secrets]
    return any(found)


def key_of(body: bytes, topic: str, known: Collection[str]) -> str:
    """The key of a delivery whose headers are not signed: a copy under another id, or under a topic that
    does not exist, is the same delivery."""
    return sha256((topic if topic in known else "").encode() + b"\n" + body).hexdigest()


def topic_of(text: str) -> str:
    """Raises Malformed unless it reads like a topic."""
    if len(text) > _LONGEST or not _TOPIC.match(text):
        raise Malformed("names no topic")
    return text


def document_of(body: bytes) -> dict[str, Any]:
    """Raises Malformed unless the body is a JSON object."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("is no JSON") from error
    if not isinstance(document, dict):
        raise Malformed("is no JSON object")
    return document


def id_of(value: object) -> str:
    """An id, sent as a number or as text; empty when it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    return text if len(text) <= _LONGEST and text.isprintable() else ""


def moment_of(value: object) -> datetime | None:
    """An ISO 8601 time or a Unix time in seconds or milliseconds; ``None`` when it is nothing such."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None
