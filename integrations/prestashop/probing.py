"""What PrestaShop's webservice is asked to see who lets a hub pass.

Without a key every method is refused before the webservice looks at path or body (observed on 8.2.1); of
PrestaShop 9 its source says that OPTIONS is answered 200 with CORS headers.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime

from integrations.access.plan import ProbePlan, WrongKey
from integrations.answer import Answer
from integrations.prestashop.recognition import asked_for_a_key, is_webservice, prestashop

_NOTHING = b"{}"
_NOBODY = b64encode(b"x:").decode()


def _with_nobodys_key(_now: datetime) -> Callable[[str, str], Mapping[str, str]]:
    return lambda _method, _url: {"authorization": f"Basic {_NOBODY}"}


def _arrived(answer: Answer) -> bool | None:
    if "psws-version" in answer.headers:
        return True
    return False if asked_for_a_key(answer) else None


def _is_webservice(answer: Answer) -> bool:
    return asked_for_a_key(answer) or is_webservice(answer)


def _options_passed(answer: Answer) -> bool:
    return _is_webservice(answer) or answer.payload.strip() == b"200 OK"


PLAN = ProbePlan(
    application=prestashop,
    default_root="api",
    target="orders/0",
    methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    write_methods=("PUT", "POST", "PATCH"),
    elsewhere="zz-{nonce}",
    content={"POST": _NOTHING, "PUT": _NOTHING, "PATCH": _NOTHING},
    head_passed=_is_webservice,
    options_passed=_options_passed,
    wrong_key=WrongKey("orders/0", _with_nobodys_key, _arrived),
)
