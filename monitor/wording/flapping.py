"""Trouble that comes and goes, in words."""

from datetime import datetime, timedelta, tzinfo

from django.utils.translation import gettext, ngettext

from monitor.health.records import Evidence
from monitor.wording.times import clock, duration


def comes_and_goes(evidence: Evidence, *, now: datetime, tz: tzinfo) -> str:
    """How an open incident came and went until ``now``; empty: it did not.

    :param evidence: the incident's; its ``flapping`` is :class:`monitor.alerts.flapping.Spell`'s document.
    """
    spell = evidence.get("flapping")
    if not spell:
        return ""
    failed = ngettext(
        "It comes and goes: it has failed %(count)d time since %(time)s.",
        "It comes and goes: it has failed %(count)d times since %(time)s.",
        spell["times"],
    ) % {"count": spell["times"], "time": _clock(spell["since"], now, tz)}
    if spell["up_since"] is None:
        return failed
    calm = gettext("It has been calm since %(time)s, and is over when that has lasted %(duration)s.")
    return f"{failed} {calm % {'time': _clock(spell['up_since'], now, tz), 'duration': _calm_for(spell)}}"


def heard_again(evidence: Evidence) -> str:
    """When whoever is told of it now is told again; empty: it does not come and go."""
    spell = evidence.get("flapping")
    if not spell:
        return ""
    return gettext("You will hear again when it has been calm for %(duration)s.") % {
        "duration": _calm_for(spell)
    }


def came_and_went(evidence: Evidence, *, now: datetime, tz: tzinfo) -> str:
    """How an incident that is over came and went; empty: it did not."""
    spell = evidence.get("flapping")
    if not spell or spell["up_since"] is None:
        return ""
    return ngettext(
        "It came and went: it failed %(count)d time between %(start)s and %(end)s, and has been calm since.",
        "It came and went: it failed %(count)d times between %(start)s and %(end)s, and has been calm since.",
        spell["times"],
    ) % {
        "count": spell["times"],
        "start": _clock(spell["since"], now, tz),
        "end": _clock(spell["up_since"], now, tz),
    }


def coming_and_going(evidence: Evidence) -> timedelta | None:
    """From the first failure to the last recovery; None: it does not come and go, or is not well."""
    spell = evidence.get("flapping")
    if not spell or spell["up_since"] is None:
        return None
    return datetime.fromisoformat(spell["up_since"]) - datetime.fromisoformat(spell["since"])


def _clock(moment: str, now: datetime, tz: tzinfo) -> str:
    return clock(datetime.fromisoformat(moment), now=now, tz=tz)


def _calm_for(spell: Evidence) -> str:
    return duration(timedelta(seconds=spell["calm_for_s"]))
