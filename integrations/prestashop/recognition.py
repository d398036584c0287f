"""How PrestaShop shows that it answered itself.

Observed on 8.2.1: every answer to a request with a key carries ``PSWS-Version``; without a key the
webservice answers 401 in plain text under a realm of its own. Maintenance does not touch the webservice.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.utils.translation import gettext as _

from integrations.access.classify import Classification, json_document
from integrations.access.records import Layer
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.numbers import number_of
from integrations.prestashop.markup import MarkupError, read_xml

BY = "PrestaShop"
REALM = "prestashop webservice"
WARNING = 3
"""The code of a PHP warning: it rides along with other errors, and shows paths of the server."""
SWITCHED_OFF = 22


@dataclass(frozen=True, slots=True)
class Said:
    """One error of the webservice."""

    code: int
    message: str


def is_webservice(answer: Answer) -> bool:
    powered = answer.headers.get("x-powered-by", "")
    return "psws-version" in answer.headers or "prestashop webservice" in powered.lower()


def asked_for_a_key(answer: Answer) -> bool:
    """The webservice saw no key at all."""
    return answer.status == 401 and REALM in answer.headers.get("www-authenticate", "").lower()


def errors_of(answer: Answer) -> list[Said]:
    """What the webservice complains of, PHP warnings left out; empty when it does not."""
    if answer.looks_like_json:
        document = json_document(answer)
        listed = document.get("errors") if isinstance(document, dict) else None
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        found = [(str(row.get("code", "")), str(row.get("message", ""))) for row in rows]
    elif b"<errors" in answer.body[:2048]:
        try:
            root = read_xml(answer.body)
        except MarkupError:
            return []
        errors = root if root.name == "errors" else root.first("errors")
        found = [(row.value("code"), row.value("message")) for row in errors.all("error")] if errors else []
    else:
        return []
    said = [Said(number_of(code.strip()) or 0, message.strip()) for code, message in found]
    return [each for each in said if each.code != WARNING]


def quotable(answer: Answer) -> Answer:
    """The answer without warnings, which name paths, and without what it echoes of the request's body."""
    if not is_webservice(answer) or answer.status < 400:
        return answer
    lines = [f"{said.code} {said.message.partition('XML length')[0][:200]}" for said in errors_of(answer)]
    return replace(answer, body="; ".join(lines).encode())


def prestashop(answer: Answer) -> Classification | None:
    """PrestaShop's own answers; without a key, its refusal proves that it was reached."""
    if asked_for_a_key(answer):
        return Classification(Outcome.PASSED, BY)
    if is_webservice(answer):
        said = errors_of(answer)
        if any(each.code == SWITCHED_OFF for each in said):
            sentence = _("The shop's webservice is switched off.")
            return Classification(Outcome.FAULT, BY, sentence, Layer.APPLICATION, "webservice_off", True)
        if answer.status >= 500 and not said:
            return Classification(Outcome.FAULT, BY, _("PrestaShop stopped with an error."))
        return Classification(Outcome.PASSED, BY)
    text = answer.text() if answer.looks_like_html else ""
    if answer.status == 503 and "page-maintenance" in text:
        return Classification(Outcome.MAINTENANCE, BY, _("PrestaShop is closed for maintenance."))
    if answer.status >= 500 and "powered by PrestaShop" in text:
        sentence = _("PrestaShop stopped with an error; most often it cannot reach its database.")
        return Classification(Outcome.FAULT, BY, sentence)
    return None


def shop_time(answer: Answer) -> datetime | None:
    """The shop's clock: ``Access-Time`` in seconds since the epoch, else the server's ``Date``."""
    seconds = number_of(answer.headers.get("access-time", "").strip())
    try:
        if seconds:
            return datetime.fromtimestamp(seconds, UTC)
        moment = parsedate_to_datetime(answer.headers["date"])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def version_of(answer: Answer) -> str:
    """Of the shop software; empty when the answer does not tell it."""
    version = answer.headers.get("psws-version", "").strip()
    return "" if version == "0" else version[:30]


def major_version(answer: Answer) -> int:
    """8 for ``8.2.1``, 1 for ``1.7.8``; 0 when it is not told."""
    return number_of(version_of(answer).partition(".")[0]) or 0
