"""How WordPress with WooCommerce shows that it answered itself.

Observed on WooCommerce 7.9 to 11.0: refusals are JSON with ``code``, ``message`` and ``data.status``
equal to the HTTP status; ``wp_die`` carries the same shape for maintenance and a lost database.
"""

from django.utils.translation import gettext as _

from integrations.access.classify import Classification, json_document
from integrations.access.records import Layer
from integrations.answer import Answer
from integrations.contracts import Outcome


def wordpress(answer: Answer) -> Classification | None:
    """WordPress' own answers to a request without credentials; a refusal proves that it was reached."""
    document = json_document(answer) if answer.looks_like_json else None
    code = document.get("code") if isinstance(document, dict) else None
    if code == "wp_die" or (answer.status >= 500 and "wp-die-message" in answer.text()):
        return _died(answer)
    if answer.status == 200 and document is not None:
        return Classification(Outcome.PASSED, "WordPress")
    if not is_refusal(answer, document):
        return None
    if answer.status in (401, 403) and str(code).startswith("rest_"):
        return Classification(
            Outcome.BLOCKED,
            _("a plug-in of the shop"),
            _("A security plug-in closes the shop's REST API to visitors (%(code)s).")
            % {"code": str(code)[:60]},
            Layer.PLUGIN,
            "rest_closed",
            True,
        )
    return Classification(
        Outcome.PASSED, "WooCommerce" if str(code).startswith("woocommerce") else "WordPress"
    )


def is_refusal(answer: Answer, document: object) -> bool:
    """Whether a JSON document is an error that WordPress itself made."""
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        return False
    data = document.get("data")
    return isinstance(data, dict) and data.get("status") == answer.status


def _died(answer: Answer) -> Classification:
    if answer.status == 503:
        return Classification(Outcome.MAINTENANCE, "WordPress", _("WordPress is closed for maintenance."))
    if b"database" in answer.body:
        return Classification(Outcome.FAULT, "WordPress", _("WordPress cannot reach its database."))
    return Classification(Outcome.FAULT, "WordPress", _("WordPress stopped with a fatal error."))
