"""When only the hub can be read: is it quiet for longer than chance allows?"""

from datetime import datetime, timedelta

from monitor.health.records import SilenceProfile

HOURS_PER_WEEK = 168
FALSE_ALARM_BUDGET = timedelta(days=90)
"""At most one false alarm per integration in this time, by the declared model."""
_HOUR = timedelta(hours=1)
_WEEK = timedelta(weeks=1)


def hour_of_week(moment: datetime) -> int:
    """0 is Monday, midnight to one, in UTC."""
    return moment.weekday() * 24 + moment.hour


def expected_orders(profile: SilenceProfile, start: datetime, end: datetime) -> float:
    """How many orders usually arrive between two moments (UTC)."""
    if end <= start:
        return 0.0
    weeks, rest = divmod(end - start, _WEEK)
    total = weeks * sum(profile.mean_per_hour)
    moment = start
    stop = start + rest
    while moment < stop:
        next_hour = moment.replace(minute=0, second=0, microsecond=0) + _HOUR
        share = (min(next_hour, stop) - moment) / _HOUR
        total += share * profile.mean_per_hour[hour_of_week(moment)]
        moment = next_hour
    return total


def silence_probability(profile: SilenceProfile, start: datetime, end: datetime) -> float:
    """The chance of no arrival at all between two moments, in (0, 1].

    Gamma-Poisson: bursts come at an unknown rate of which the learned weeks are the evidence, so
    the count in the window is negative binomial and its zero term is
    (w / (w + 1)) ^ (w * m + 1/2), with w weeks learned from, m bursts expected and Jeffreys'
    prior. It tends to exp(-m) with many weeks and stays larger with few.
    """
    bursts = expected_orders(profile, start, end) / profile.burst
    return float((profile.weeks / (profile.weeks + 1)) ** (profile.weeks * bursts + 0.5))


def alarm_below(profile: SilenceProfile) -> float:
    """The probability under which a silence raises an alarm.

    Every burst starts one silence; with b bursts in the budget's time, one of them is expected
    to be this improbable by chance: 1 / b.
    """
    bursts = sum(profile.mean_per_hour) / profile.burst * (FALSE_ALARM_BUDGET / _WEEK)
    return 1 / max(bursts, 1.0)
