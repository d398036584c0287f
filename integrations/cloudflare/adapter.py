"""Cloudflare as an edge."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare import caa, connection, options, passes, reading
from integrations.cloudflare.api import CloudflareApi
from integrations.cloudflare.features import check_features
from integrations.cloudflare.fields import network_of
from integrations.cloudflare.findings import Findings, listed
from integrations.cloudflare.reading import NotRead, Reading, read_zone
from integrations.cloudflare.snapshot import differences, snapshot_of
from integrations.cloudflare.target import check_certificate, check_record, check_zone
from integrations.cloudflare.visits import check_visitor
from integrations.cloudflare.zones import verify, zone_of
from integrations.contracts import CallRecord, ConnectionReport, EdgeReport, Target, Visitor
from integrations.documents import read_document
from integrations.http import RemoteClient

HOSTED_PLATFORMS = frozenset({"shopify"})


class CloudflareEdge:
    """Audits the zones that one API token may read. Only reads."""

    kind: ClassVar[str] = "cloudflare"
    label: ClassVar[str] = "Cloudflare"
    default_url: ClassVar[str] = "https://api.cloudflare.com/client/v4"
    Credentials = options.Credentials
    Settings = options.Settings
    differences = staticmethod(differences)

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        self.api = CloudflareApi(http, self.credentials.token.get_secret_value())
        self.look_up: caa.Lookup = caa.system_lookup
        """Asks DNS for CAA records."""

    async def audit(
        self, host: str, *, platform: str, visitors: Sequence[Visitor], now: datetime
    ) -> EdgeReport:
        """About 25 calls for a hosted shop, 15 for a self-hosted one.

        Raises CredentialsRefused (token expired, disabled, unknown), RightMissing (zones may not be
        listed), RateLimited, and what any remote may raise. A part that cannot be read is a check whose
        state is unknown.
        """
        host = host.strip().rstrip(".").lower()
        found = Findings(self.settings.rule_book, self.settings.severities)
        is_name = "." in host and network_of(host) is None
        standing = await verify(self.api, now=now)
        zone = await zone_of(self.api, host, standing, now=now) if is_name else None
        is_hosted = platform in HOSTED_PLATFORMS
        read = None
        if zone is None:
            found.uncertain(
                "zone_active",
                _noop("The token sees no zone for %(host)s."),
                _noop(
                    "Under Zone Resources of the token in Cloudflare include the zone; or take Cloudflare "
                    "off this store if another account, or nobody there, serves it."
                ),
                host=host,
            )
        else:
            parts = reading.HOSTED if is_hosted else reading.SELF_HOSTED
            read = await read_zone(self.api, zone, host, parts, now=now)
        if is_hosted:
            await self._audit_hosted(found, read, host if is_name else "")
        elif read is not None:
            _audit_self_hosted(found, read, platform, visitors)
        return EdgeReport(tuple(found.checks), snapshot_of(read) if read else {})

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    async def _audit_hosted(self, found: Findings, read: Reading | None, host: str) -> None:
        if read is not None:
            check_zone(found, read)
            check_record(found, read)
        if host:
            await check_certificate(found, read, host, self.look_up if self.settings.check_dns else None)
        if read is not None:
            check_features(found, read)


def _audit_self_hosted(found: Findings, read: Reading, platform: str, visitors: Sequence[Visitor]) -> None:
    zone, rows = read.zone, read.get(reading.RECORDS)
    if zone.paused or zone.status != "active":
        found.note(
            "zone_active",
            _noop("The zone %(zone)s is not in use: Cloudflare only answers DNS for it and stops nobody."),
            zone=zone.name,
        )
        return
    hosts = [] if isinstance(rows, NotRead) else [row for row in rows if row.type in ("A", "AAAA", "CNAME")]
    if hosts and not any(row.proxied for row in hosts):
        found.note(
            "zone_active",
            _noop("%(host)s is not proxied: Cloudflare only answers DNS for it and stops nobody."),
            host=read.host,
        )
        return
    found.visited("zone_active", _noop("The zone %(zone)s is active."), met=False, values={"zone": zone.name})
    for visitor in visitors or (Visitor("a hub", (), ()),):
        check_visitor(found, read, platform, visitor)
    _check_trust(found, read)


def _check_trust(found: Findings, read: Reading) -> None:
    ruleset = read.get(reading.CUSTOM)
    if isinstance(ruleset, NotRead):
        return
    names = [rule.name for rule in ruleset.enabled if passes.trusts_only_the_user_agent(rule)]
    found.visited(
        "trusts_user_agent",
        _noop("These rules let everybody pass who sends the right User-Agent: %(rules)s. Anyone can send it.")
        if names
        else _noop("No rule trusts a User-Agent alone."),
        _noop("In Cloudflare > Security > WAF > Custom rules add the hub's addresses to them (an IP list)."),
        met=bool(names),
        values={"rules": listed(names)},
    )
