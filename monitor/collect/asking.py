"""What is asked of an integration, by what its hub does."""

from integrations.adapters import ImportsOrders, ReadsEvents
from integrations.contracts import ConditionKind
from integrations.registry import HUBS, offers
from monitor.health.verdict import JUDGED, JUDGED_BY_EVENTS


def questions(hub_kind: str) -> tuple[ConditionKind, ...]:
    """The conditions of an integration with a hub of that kind, from cause to consequence."""
    if offers(hub_kind, ReadsEvents) and not offers(hub_kind, ImportsOrders):
        return JUDGED_BY_EVENTS
    return JUDGED


def importing_hubs() -> list[str]:
    """The kinds of hubs in which every order should arrive."""
    return [kind for kind in HUBS if offers(kind, ImportsOrders)]
