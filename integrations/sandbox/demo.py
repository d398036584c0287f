"""The demo's fleet and the story it begins with."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from integrations.sandbox.fleet import (
    AccountSpec,
    Fault,
    FleetSpec,
    Grant,
    IntegrationSpec,
    Plan,
    Platform,
    ShopSpec,
    WorkspaceSpec,
    ZoneSpec,
    fresh_secret,
)

MIN_S = 60.0
HOUR_S = 3600.0

EU, NORD = "sendcloud-eu", "sendcloud-nord"

# name, title, platform, zone, orders a day, account
_HEALTHY: tuple[tuple[str, str, Platform, str, float, str], ...] = (
    ("maison-verveine", "Maison Verveine", "shopify", "Europe/Paris", 2000, EU),
    ("jardin-des-toits", "Jardin des Toits", "magento", "Europe/Paris", 120, EU),
    ("nordlys-design", "Nordlys Design", "magento", "Europe/Oslo", 40, NORD),
    ("chocolat-rivoli", "Chocolat Rivoli", "prestashop", "Europe/Paris", 95, EU),
    ("casa-azulejo", "Casa Azulejo", "prestashop", "Europe/Lisbon", 25, NORD),
    ("papeterie-du-quai", "Papeterie du Quai", "woocommerce", "Europe/Paris", 340, EU),
    ("hudson-coffee", "Hudson Coffee Roasters", "shopify", "America/New_York", 280, EU),
    ("kumo-stationery", "Kumo Stationery", "shopify", "Asia/Tokyo", 200, NORD),
    ("la-boite-a-the", "La Boîte à Thé", "woocommerce", "Europe/Paris", 150, EU),
    ("brooklyn-thread", "Brooklyn Thread", "woocommerce", "America/New_York", 150, NORD),
    ("velo-canal", "Vélo Canal", "shopify", "Europe/Paris", 130, EU),
    ("fjord-wool", "Fjord Wool", "woocommerce", "Europe/Oslo", 110, NORD),
    ("sakura-ceramics", "Sakura Ceramics", "woocommerce", "Asia/Tokyo", 95, NORD),
    ("savon-calanque", "Savonnerie des Calanques", "shopify", "Europe/Paris", 90, EU),
    ("maple-and-pine", "Maple & Pine", "shopify", "America/New_York", 75, EU),
    ("kleine-werkstatt", "Kleine Werkstatt", "woocommerce", "Europe/Berlin", 60, NORD),
    ("librairie-des-ponts", "Librairie des Ponts", "woocommerce", "Europe/Paris", 45, EU),
    ("osaka-audio", "Osaka Audio", "shopify", "Asia/Tokyo", 40, NORD),
    ("polka-enfants", "Polka Enfants", "shopify", "Europe/Paris", 35, EU),
    ("harbor-candles", "Harbor Candles", "woocommerce", "America/New_York", 25, NORD),
    ("cave-des-hauts", "Cave des Hauts", "shopify", "Europe/Paris", 18, EU),
    ("tokyo-tenugui", "Tokyo Tenugui", "woocommerce", "Asia/Tokyo", 12, NORD),
    ("atlas-globes", "Atlas Globes", "shopify", "America/New_York", 9, EU),
    ("nordic-brew", "Nordic Brew", "shopify", "Europe/Stockholm", 30, NORD),
    ("lutherie-arpege", "Lutherie Arpège", "woocommerce", "Europe/Paris", 5, EU),
)
_QUIET_ZONES = ("Europe/Paris", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Asia/Dubai")


def quiet_zone(now: datetime) -> str:
    """A zone in which it is the middle of the night."""

    def from_three_in_the_morning(zone: str) -> float:
        local = now.astimezone(ZoneInfo(zone))
        hours = local.hour + local.minute / 60
        return min(abs(hours - 3), 24 - abs(hours - 3))

    return min(_QUIET_ZONES, key=from_three_in_the_morning)


def story(at: float) -> tuple[tuple[ShopSpec, str, int], ...]:
    """(shop, hub account, orders that never arrive) of those something is to be seen of."""
    maintenance = Fault("maintenance", {}, at - 170 * MIN_S, at - 140 * MIN_S)
    later_maintenance = Fault("maintenance", {}, at - 3.1 * HOUR_S, at - 2.6 * HOUR_S)
    firewall = Fault("firewall", {"pattern": "Sendcloud", "style": "nginx"}, at - 40 * MIN_S)
    revoked = Fault("credentials_revoked", {}, at - 25 * MIN_S)
    no_put = Fault("method_refused", {"methods": "PUT", "style": "apache"}, at - 5 * HOUR_S)
    night = quiet_zone(datetime.fromtimestamp(at, UTC))
    quiet = ShopSpec("phare-miniature", "Phare Miniature", "woocommerce", night, 3, tags=("story", "night"))
    return (
        (quiet, EU, 0),
        (_told("boutique-lyon", "Boutique Lyon", "Europe/Paris", 200, firewall), EU, 0),
        (_told("atelier-garonne", "Atelier Garonne", "Europe/Paris", 360, maintenance), EU, 0),
        (_told("atelier-nord", "Atelier Nord", "Europe/Oslo", 300, later_maintenance), NORD, 0),
        (_told("galerie-des-toiles", "Galerie des Toiles", "Europe/Paris", 240, no_put), EU, 0),
        (_told("pierre-de-lune", "Pierre de Lune", "Europe/Paris", 85, revoked), EU, 0),
        (_told("catskill-outdoor", "Catskill Outdoor", "America/New_York", 140), NORD, 4),
    )


def _told(name: str, title: str, zone: str, orders_per_day: float, *faults: Fault) -> ShopSpec:
    """A shop of which something is to be seen at any hour: without new orders no stall shows, so there
    are enough of them that half an hour without any hardly ever happens."""
    return ShopSpec(
        name, title, "woocommerce", zone, orders_per_day, worldwide=True, tags=("story",), faults=faults
    )


def demo_fleet(now: float) -> FleetSpec:
    """34 integrations, about 5,500 orders a day: two accounts of a shipping hub, two marketing
    workspaces, three zones."""
    shops, integrations = [], []
    placed = [
        (
            ShopSpec(
                name, title, platform, zone, rate, tags=("demo",), plan=_plan(rate), grant=_grant(number)
            ),
            account,
            0,
        )
        for number, (name, title, platform, zone, rate, account) in enumerate(_HEALTHY)
    ]
    for number, (shop, account, lost) in enumerate([*story(now), *placed]):
        shops.append(shop)
        every_s = 60.0 + (number * 17) % 61
        integrations.append(
            IntegrationSpec(41_000 + number * 37, account, shop.name, every_s=every_s, lost_at_start=lost)
        )
    return FleetSpec(
        shops=tuple(shops),
        accounts=(
            AccountSpec(EU, "Sendcloud EU", operator_refresh=True),
            AccountSpec(NORD, "Sendcloud Nord"),
        ),
        integrations=tuple(integrations),
        workspaces=(
            WorkspaceSpec("braze-verveine", "Braze Verveine", ("maison-verveine",)),
            WorkspaceSpec(
                "braze-hudson",
                "Braze Hudson",
                ("hudson-coffee",),
                faults=(Fault("events_stalled", {}, now - 9 * HOUR_S),),
            ),
        ),
        zones=(
            ZoneSpec("maison-verveine"),
            ZoneSpec("velo-canal", ("cache_everything",)),
            ZoneSpec("papeterie-du-quai", ("bot_fight_mode",)),
        ),
        started_at=now,
        secret=fresh_secret(),
    )


def _plan(orders_per_day: float) -> Plan:
    if orders_per_day >= 200:
        return "plus"
    return "advanced" if orders_per_day >= 100 else "standard"


def _grant(number: int) -> Grant:
    """Every third shop signs in as an app of its own, with a token that must be renewed."""
    return "client_credentials" if number % 3 == 2 else "token"
