"""What Magento is asked to see who lets a hub pass.

Order 0 exists nowhere, and every method on it is refused before anything is looked up: 401 for those that
have a route, 404 and 405 for those that have none (observed on 2.4.7).
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from integrations.access.classify import json_document
from integrations.access.plan import ProbePlan, WrongKey
from integrations.answer import Answer
from integrations.magento.recognition import magento
from integrations.magento.signing import signed_by_nobody

_NOTHING = b"{}"


def _with_nobodys_key(now: datetime) -> Callable[[str, str], Mapping[str, str]]:
    return signed_by_nobody(now=now)


def _arrived(answer: Answer) -> bool | None:
    document = json_document(answer) if answer.looks_like_json else None
    message = str(document.get("message", "")).lower() if isinstance(document, dict) else ""
    if "consumer having" in message or "consumer key" in message:
        return True
    return False if "consumer is" in message else None


def _head_passed(answer: Answer) -> bool:
    # The only sign of an answer without a body: web servers' own 405 are pages.
    return answer.status == 405 and "json" in answer.headers.get("content-type", "")


PLAN = ProbePlan(
    application=magento,
    default_root="rest/V1",
    target="orders/0",
    elsewhere="zz-{nonce}",
    methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    write_methods=("POST",),
    content={"POST": _NOTHING, "PUT": _NOTHING, "PATCH": _NOTHING},
    head_passed=_head_passed,
    wrong_key=WrongKey("orders?searchCriteria%5BpageSize%5D=1", _with_nobodys_key, _arrived),
)
