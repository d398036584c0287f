"""Words that explanations and fixes share: who refuses, lists, dates."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from integrations.access.records import Diagnosis, Layer

LONGEST_NAME = 80


def who(diagnosis: Diagnosis, *, starts: bool = False) -> str:
    """Who answered, inside a sentence or at its beginning."""
    if diagnosis.product:
        return diagnosis.product
    text = _somebody(diagnosis.layer)
    return text[:1].upper() + text[1:] if starts else text


def _somebody(layer: Layer) -> str:
    match layer:
        case Layer.EDGE:
            return _("the service in front of the shop")
        case Layer.FIREWALL:
            return _("a firewall on the shop's server")
        case Layer.SERVER:
            return _("the shop's web server")
        case Layer.PLUGIN:
            return _("a security plug-in of the shop")
        case Layer.APPLICATION:
            return _("the shop software")
        case Layer.OURSELVES:
            return _("our own network")
        case Layer.NETWORK:
            return _("something on the way to the shop")
        case Layer.UNKNOWN:
            return _("something in front of the shop")


def listed(names: Sequence[str]) -> str:
    """``A``; ``A and B``; ``A, B and C``."""
    if len(names) < 2:
        return "".join(names)
    return _("%(others)s and %(last)s") % {"others": ", ".join(names[:-1]), "last": names[-1]}


def quoted(text: str) -> str:
    """A foreign text as it is shown in a sentence."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def text_of(diagnosis: Diagnosis, name: str) -> str:
    """One of the diagnosis' values as text; empty: there is none."""
    value = diagnosis.values.get(name)
    return "" if value is None else str(value)


def days_of(diagnosis: Diagnosis) -> int | None:
    """Days until, or since, whatever the diagnosis speaks of; never negative."""
    value = diagnosis.values.get("days")
    try:
        return None if value is None else abs(int(float(value)))
    except (TypeError, ValueError, OverflowError):
        return None


def day_of(diagnosis: Diagnosis, name: str) -> str:
    """A moment among the values as a date in the reader's language; empty: there is none."""
    try:
        moment = datetime.fromisoformat(text_of(diagnosis, name))
    except ValueError:
        return ""
    if moment.tzinfo is not None:
        moment = timezone.localtime(moment)
    return formats.date_format(moment, "DATE_FORMAT")
