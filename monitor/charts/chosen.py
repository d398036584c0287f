"""The part of the fleet that a chart is about, and which rows tell of it."""

from dataclasses import dataclass, replace
from functools import lru_cache

from django.db.models import Q, QuerySet

from integrations.models import Integration
from integrations.registry import STORES, adapter_class
from monitor.scope import EVERYTHING, Scope

SHOPIFY, SELF_HOSTED = "shopify", "self-hosted"
GROUPS = (SHOPIFY, SELF_HOSTED)
"""What the fleet's latency is compared by at first: Shopify's cloud, and shops on servers of their own."""


@lru_cache
def platforms_of(group: str) -> frozenset[str]:
    """The platforms of a group. Raises KeyError for an unknown one."""
    if group not in GROUPS:
        raise KeyError(group)
    return frozenset(kind for kind in STORES if adapter_class(kind).self_hosted is (group == SELF_HOSTED))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Integrations with all of these qualities; what is empty asks for nothing."""

    platforms: frozenset[str] | None = None
    account: str = ""
    tag: str = ""
    store: str = ""
    scope: Scope = EVERYTHING

    def narrowed(self, by: str, of: str) -> "Chosen":
        """Of these, the ones whose ``by`` (hosting, platform, hub, tag or store) is ``of``.

        Raises KeyError for what cannot be narrowed by, or a group of platforms that does not exist.
        """
        if by in ("hosting", "platform"):
            platforms = platforms_of(of) if by == "hosting" else frozenset((of,))
            return replace(
                self, platforms=platforms if self.platforms is None else platforms & self.platforms
            )
        if by == "hub":
            return replace(self, account=of) if self.account in ("", of) else self._nobody()
        if by == "tag":
            return replace(self, tag=of) if self.tag in ("", of) else self._nobody()
        if by == "store":
            return replace(self, store=of) if self.store in ("", of) else self._nobody()
        raise KeyError(by)

    def _nobody(self) -> "Chosen":
        return replace(self, platforms=frozenset())

    @property
    def is_whole(self) -> bool:
        """Whether the roll-ups of the fleet tell of it, which know platform and account only."""
        return not self.tag and not self.store and self.scope.is_everything

    @property
    def of_fleet(self) -> Q:
        """The condition on the roll-ups of the fleet."""
        condition = Q(platform__in=sorted(self.platforms)) if self.platforms is not None else Q()
        return condition & Q(account__name=self.account) if self.account else condition

    def integrations(self) -> QuerySet[Integration]:
        """The integrations themselves."""
        rows = self.scope.limit(Integration.objects.order_by())
        if self.platforms is not None:
            rows = rows.filter(store__platform__in=sorted(self.platforms))
        if self.account:
            rows = rows.filter(account__name=self.account)
        if self.tag:
            rows = rows.filter(store__tags__contains=[self.tag])
        return rows.filter(store__name=self.store) if self.store else rows

    @property
    def is_everything(self) -> bool:
        """Whether no integration is left out."""
        return self.platforms is None and not self.account and self.is_whole
