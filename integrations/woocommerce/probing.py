"""What WooCommerce is asked to see who lets a hub pass.

Without credentials WooCommerce refuses every method on an order before it looks for one, and order 0
exists nowhere (observed on 7.9 to 11.0).
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from integrations.access.classify import json_document
from integrations.access.plan import ProbePlan, WrongKey
from integrations.access.wordpress import wordpress
from integrations.answer import Answer
from integrations.woocommerce.signing import signer

_NO_ORDER = b"{}"


def _with_nobodys_key(now: datetime) -> Callable[[str, str], Mapping[str, str]]:
    # OAuth is answered the same way over http and https, and looks for the key before anything else.
    return signer(f"ck_{secrets.token_hex(20)}", f"cs_{secrets.token_hex(20)}", now=now, always_oauth=True)


def _arrived(answer: Answer) -> bool | None:
    document = json_document(answer) if answer.looks_like_json else None
    code = document.get("code") if isinstance(document, dict) else None
    return {"woocommerce_rest_authentication_error": True, "woocommerce_rest_cannot_view": False}.get(
        str(code)
    )


def _head_passed(answer: Answer) -> bool:
    return "x-wp-total" in answer.headers.get("access-control-expose-headers", "").lower()


def _options_passed(answer: Answer) -> bool:
    document = json_document(answer) if answer.looks_like_json else None
    # An empty list is WordPress' answer at a route that it does not have.
    return document == [] or (isinstance(document, dict) and {"namespace", "endpoints"} <= document.keys())


PLAN = ProbePlan(
    application=wordpress,
    default_root="wp-json",
    target="wc/v3/orders/0",
    elsewhere="wc/v3/zz-{nonce}",
    methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    write_methods=("PUT", "POST"),
    content={"POST": _NO_ORDER, "PUT": _NO_ORDER, "PATCH": _NO_ORDER},
    head_passed=_head_passed,
    options_passed=_options_passed,
    wrong_key=WrongKey("wc/v3/orders/0", _with_nobodys_key, _arrived),
)
