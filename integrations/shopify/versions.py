"""Releases of the Admin API: one a quarter, each served for a year (shopify.dev, API versioning)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_noop as _noop

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.documents import Record

WARN_BEFORE_END = timedelta(days=60)
FELL_FORWARD = "api_version_fell_forward"
ENDS = "api_version_ends"


class PublicVersion(Record):
    handle: str
    supported: bool = False


def supported_until(version: str) -> datetime:
    """The least time of support of ``YYYY-MM``: twelve months from 17:00 UTC of the release's first day."""
    year, month = version.split("-")
    return datetime(int(year) + 1, int(month), 1, 17, tzinfo=UTC)


def newest(versions: Sequence[PublicVersion], asked: str) -> str:
    """The newest release that is served for good; the asked one when none is told."""
    dated = [version.handle for version in versions if version.supported and version.handle[:2] == "20"]
    return max(dated, default=asked)


def checks_of_version(
    asked: str, served: str, versions: Sequence[PublicVersion], *, now: datetime
) -> list[Check]:
    """What there is to say of the version that was asked for and the one that answered (empty: not told).

    A version that is no longer served is answered by another one, without an error.
    """
    values = {
        "asked": asked,
        "served": served,
        "newest": newest(versions, asked),
        "ends_on": supported_until(asked).date().isoformat(),
    }
    remedy = _noop("Set the API version of this store to %(newest)s.")
    if not served:
        text = _noop("Shopify did not tell which API version answered.")
        return [Check(ConditionKind.ACCESS, FELL_FORWARD, CheckState.UNKNOWN, text, values)]
    if served != asked:
        text = _noop("API version %(asked)s was asked for, but %(served)s answered: it is no longer served.")
        return [Check(ConditionKind.ACCESS, FELL_FORWARD, CheckState.WARN, text, values, remedy)]
    text = _noop("API version %(asked)s answers.")
    checks = [Check(ConditionKind.ACCESS, FELL_FORWARD, CheckState.OK, text, values)]
    if now >= supported_until(asked) - WARN_BEFORE_END:
        text = _noop("Shopify serves API version %(asked)s only until %(ends_on)s.")
        return [*checks, Check(ConditionKind.ACCESS, ENDS, CheckState.WARN, text, values, remedy)]
    text = _noop("API version %(asked)s is served at least until %(ends_on)s.")
    return [*checks, Check(ConditionKind.ACCESS, ENDS, CheckState.OK, text, values)]
