"""How far a shop's clock may be wrong, and what a connection test says of it."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.contracts import Need

LARGEST_SKEW = timedelta(minutes=2)


def clock_need(skew: timedelta | None, facts: dict[str, str]) -> Need:
    """Whether the shop's clock is right; ``skew`` is its clock minus ours, None if it tells no time.

    Adds a skew that is too large to the ``facts`` of the report.
    """
    name = _("The shop's clock is right")
    if skew is None:
        return Need(name, None, _("The shop does not tell its time."))
    if abs(skew) <= LARGEST_SKEW:
        return Need(name, True, _("It differs from ours by less than two minutes."))
    facts[_noop("clock skew")] = f"{skew.total_seconds():+.0f} s"
    return Need(
        name,
        False,
        _("It differs from ours by %(seconds)d seconds; latencies will be wrong by as much.")
        % {"seconds": round(skew.total_seconds())},
        _("Set the clock of the shop's server by NTP."),
    )
