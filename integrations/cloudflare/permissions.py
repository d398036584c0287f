"""The permissions of a token, by the names that Cloudflare's page for making one shows.

Names: the tables of developers.cloudflare.com/fundamentals/api/reference/permissions. All are Read.
"""

from enum import StrEnum


class Permission(StrEnum):
    ZONE = "Zone > Zone > Read"
    SETTINGS = "Zone > Zone Settings > Read"
    DNS = "Zone > DNS > Read"
    WAF = "Zone > Zone WAF > Read"
    FIREWALL = "Zone > Firewall Services > Read"
    BOTS = "Zone > Bot Management > Read"
    PAGE_RULES = "Zone > Page Rules > Read"
    WORKERS = "Zone > Workers Routes > Read"
    LOAD_BALANCERS = "Zone > Load Balancers > Read"
    CACHE = "Zone > Cache Rules > Read"
    CONFIG = "Zone > Config Rules > Read"
    REDIRECTS = "Zone > Dynamic URL Redirects > Read"
    ORIGIN = "Zone > Origin Rules > Read"
    TRANSFORM = "Zone > Transform Rules > Read"
    ACCOUNT_FIREWALL = "Account > Account Firewall Access Rules > Read"


OPTIONAL = frozenset(
    {Permission.REDIRECTS, Permission.ORIGIN, Permission.TRANSFORM, Permission.ACCOUNT_FIREWALL}
)
"""Without these a part of the audit stays unknown; with the others missing, the greater part of it."""
