"""What an operator enters to connect Cloudflare."""

from typing import Literal

from django.utils.translation import gettext_noop as _noop
from pydantic import Field, SecretStr, field_validator

from integrations.cloudflare.severities import CODES, RuleBook
from integrations.documents import Document


class Credentials(Document):
    """A token that may only read."""

    token: SecretStr = Field(
        min_length=20,
        title=_noop("API token"),
        description=_noop(
            "In Cloudflare: My Profile > API Tokens > Create Token > Create Custom Token. Add these "
            "permissions, each with Read: Zone, Zone Settings, DNS, Zone WAF, Firewall Services, Bot "
            "Management, Page Rules, Workers Routes, Load Balancers, Cache Rules, Config Rules; if you like "
            "also Dynamic URL Redirects, Origin Rules, Transform Rules, and of the account Account Firewall "
            "Access Rules. Under Zone Resources include only the shops' zones. Syncwatch changes nothing."
        ),
    )


class Settings(Document):
    """How findings are judged."""

    rule_book: RuleBook = Field(
        default="today",
        title=_noop("Rules for Shopify behind Cloudflare"),
        description=_noop(
            "today: Cloudflare's documentation. older: Shopify's support article of 2021, which forbids "
            "more. Both are shown; this one raises the alarm."
        ),
    )
    severities: dict[str, Literal["fail", "warn", "info"]] = Field(
        default_factory=dict,
        title=_noop("Severities of your own"),
        description=_noop('By the code of a check, for example {"rocket_loader": "info"}.'),
    )
    check_dns: bool = Field(
        default=True,
        title=_noop("Ask DNS"),
        description=_noop("Looks up by DNS, too, whether Let's Encrypt may issue the shop's certificate."),
    )

    @field_validator("severities")
    @classmethod
    def _known(cls, chosen: dict[str, str]) -> dict[str, str]:
        for code in chosen:
            if code not in CODES:
                raise ValueError(f"there is no check {code[:40]}; there are {', '.join(sorted(CODES))}")
        return chosen
