"""The orange-to-orange checklist, first half: the zone, the host's record and the certificate."""

from collections.abc import Sequence

from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare import caa, reading
from integrations.cloudflare.caa import Issue, Lookup, NoName
from integrations.cloudflare.findings import Findings, listed
from integrations.cloudflare.reading import NotRead, Reading
from integrations.cloudflare.records import DnsRecord

SHOPIFY = "shops.myshopify.com"


def check_zone(found: Findings, read: Reading) -> None:
    zone = read.zone
    off = zone.paused or zone.status != "active"
    values = {"zone": zone.name, "status": "paused" if zone.paused else zone.status or "?"}
    found.hosted(
        "zone_active",
        _noop("The zone %(zone)s is not in use (%(status)s): Cloudflare only answers DNS for it.")
        if off
        else _noop("The zone %(zone)s is active."),
        _noop("In Cloudflare open the zone's Overview: resume Cloudflare on the site, or finish its setup."),
        older=off,
        today=off,
        **values,
    )
    # An unknown plan is not taken for a small one.
    small = bool(zone.plan.legacy_id) and zone.plan.legacy_id != "enterprise"
    found.hosted(
        "plan",
        _noop("The zone's plan is %(plan)s. The older article asks for Enterprise; today any plan will do."),
        _noop("Ask Cloudflare for the Enterprise plan, or follow today's rules."),
        older=small,
        today=False,
        plan=zone.plan.name or zone.plan.legacy_id or "?",
    )


def check_record(found: Findings, read: Reading) -> None:
    """Existence, target, type and proxy of the host's record."""
    rows = read.get(reading.RECORDS)
    if isinstance(rows, NotRead):
        for code in ("record_target", "record_type", "record_proxied"):
            found.unread(code, reading.RECORDS.what, rows)
        return
    rows = [row for row in rows if row.type in ("A", "AAAA", "CNAME")]
    if not rows:
        found.hosted(
            "record_target",
            _noop("The zone has no record of its own for %(host)s."),
            _noop("In Cloudflare > DNS > Records add a CNAME for %(host)s to shops.myshopify.com, proxied."),
            older=True,
            today=True,
            host=read.host,
        )
        return
    _check_target(found, read.host, rows)
    addresses = any(row.type != "CNAME" for row in rows)
    found.hosted(
        "record_type",
        _noop("%(host)s is an %(type)s record. Requests then reach Shopify without orange-to-orange.")
        if addresses
        else _noop("%(host)s is a CNAME."),
        _noop("In Cloudflare > DNS > Records replace it by a CNAME for %(host)s to shops.myshopify.com."),
        older=False,
        today=addresses,
        host=read.host,
        type=listed(row.type for row in rows),
    )
    unproxied = not all(row.proxied is True for row in rows)
    found.hosted(
        "record_proxied",
        _noop("%(host)s is not proxied: the zone's settings do not apply to the shop.")
        if unproxied
        else _noop("%(host)s is proxied."),
        _noop("In Cloudflare > DNS > Records edit %(host)s and turn its Proxy status on."),
        older=unproxied,
        today=unproxied,
        host=read.host,
    )


def _check_target(found: Findings, host: str, rows: Sequence[DnsRecord]) -> None:
    names = [row.content.rstrip(".").lower() for row in rows if row.type == "CNAME"]
    if not names:
        found.uncertain(
            "record_target",
            _noop("%(host)s points to addresses (%(addresses)s): whether they are Shopify's is not checked."),
            _noop("In Cloudflare > DNS > Records replace it by a CNAME for %(host)s to shops.myshopify.com."),
            host=host,
            addresses=listed(row.content for row in rows),
        )
        return
    elsewhere = any(name != SHOPIFY for name in names)
    found.hosted(
        "record_target",
        _noop("%(host)s points to %(target)s and not to shops.myshopify.com.")
        if elsewhere
        else _noop("%(host)s points to %(target)s."),
        _noop("In Cloudflare > DNS > Records point the CNAME of %(host)s to shops.myshopify.com."),
        older=elsewhere,
        today=elsewhere,
        host=host,
        target=listed(names),
    )


CAA_REMEDY = _noop(
    'In Cloudflare > DNS > Records add a CAA record for %(name)s: tag "Only allow specific hostnames", '
    "value letsencrypt.org; or delete the CAA records."
)


async def check_certificate(found: Findings, read: Reading | None, host: str, look_up: Lookup | None) -> None:
    """CAA as the zone's operator entered it, and as DNS tells it to an authority; either may be missing."""
    seen: Issue | None = None
    if look_up is not None:
        seen = await _check_by_dns(found, host, look_up)
    if read is None:
        return
    rows = read.get(reading.CAA)
    if isinstance(rows, NotRead):
        found.unread("caa_records", "CAA", rows)
        return
    name, issue = caa.in_zone(rows, host)
    if issue is Issue.FORBIDDEN and seen is Issue.ALLOWED:
        # Cloudflare answers with records of its own beside those that were entered.
        found.note(
            "caa_records",
            _noop("The CAA records entered for %(name)s do not name Let's Encrypt, but DNS answers with it."),
            name=name,
        )
        return
    forbidden = issue is Issue.FORBIDDEN
    found.hosted(
        "caa_records",
        _CAA_TEXTS[issue],
        CAA_REMEDY,
        older=forbidden,
        today=forbidden,
        name=name or host,
    )


_CAA_TEXTS = {
    Issue.FREE: _noop("The zone has no CAA record that limits who may issue certificates for %(name)s."),
    Issue.ALLOWED: _noop("The CAA records of %(name)s allow Let's Encrypt."),
    Issue.FORBIDDEN: _noop(
        "The CAA records of %(name)s do not name letsencrypt.org: Shopify gets no certificate."
    ),
}


async def _check_by_dns(found: Findings, host: str, look_up: Lookup) -> Issue | None:
    try:
        name, issue = await caa.by_dns(look_up, host)
    except NoName as error:
        found.uncertain(
            "caa_dns",
            _noop("Whether CAA records forbid Let's Encrypt could not be looked up by DNS (%(reason)s)."),
            _noop("Check the DNS resolver of the machine Syncwatch runs on."),
            reason=str(error),
        )
        return None
    forbidden = issue is Issue.FORBIDDEN
    found.hosted(
        "caa_dns", _DNS_TEXTS[issue], CAA_REMEDY, older=forbidden, today=forbidden, name=name or host
    )
    return issue


_DNS_TEXTS = {
    Issue.FREE: _noop("By DNS no CAA record limits who may issue certificates for %(name)s."),
    Issue.ALLOWED: _noop("By DNS the CAA records of %(name)s allow Let's Encrypt."),
    Issue.FORBIDDEN: _noop(
        "By DNS the CAA records of %(name)s do not name letsencrypt.org: Shopify gets no certificate."
    ),
}
