"""What lets a hub through Cloudflare, as calls of its API.

A rule is added by the ruleset's id, and a phase without rules gets its ruleset created: neither can remove
rules that are there, as writing the whole entry point would. (developers.cloudflare.com:
ruleset-engine/rulesets-api/add-rule, waf/custom-rules/skip/api-examples, waf/tools/ip-access-rules)
"""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice

from integrations.access.fixes.records import Guest

API = "https://api.cloudflare.com/client/v4"
PHASE = "http_request_firewall_custom"
MOST_ALLOWED = 64
"""Entries that one call of :func:`allowing` may make; beyond it a list in Cloudflare is the better way."""
_RANGES = {4: (16, 24), 6: (32, 48, 64)}
"""Sizes of networks that an IP Access rule may have, besides single addresses; widest first."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a rule with the action "skip" leaves out for those it matches."""

    rest: bool = False
    """The custom rules behind it."""
    phases: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def parameters(self) -> dict[str, str | list[str]]:
        found: dict[str, str | list[str]] = {"ruleset": "current"} if self.rest else {}
        if self.phases:
            found["phases"] = list(self.phases)
        if self.products:
            found["products"] = list(self.products)
        return found


def prefixes(guest: Guest) -> tuple[str, ...]:
    """What the paths that hubs ask a platform's interface for begin with."""
    if guest.platform == "magento" and "/rest/" in f"{guest.path}/":
        # The code of a store view may stand between this and the version.
        return (f"{guest.path}/".partition("/rest/")[0] + "/rest/",)
    own = f"{guest.path.rstrip('/')}/"
    if guest.platform == "woocommerce" and "/wp-json/" in own:
        # Hubs' own plug-ins have routes beside /wc/, such as /wc-sendcloudshipping/.
        return (own.rstrip("/"), own.partition("/wp-json/")[0] + "/wc-api/")
    return (own,)


def expression(guest: Guest) -> str:
    """The hub's requests to the shop's interface: by its addresses and ours, or where its are not known by
    its User-Agents."""
    paths = [f"starts_with(http.request.uri.path, {_text(prefix)})" for prefix in prefixes(guest)]
    path = paths[0] if len(paths) == 1 else f"({' or '.join(paths)})"
    addresses = [str(network).removesuffix("/32").removesuffix("/128") for network in _networks(guest)]
    if addresses:
        return f"(ip.src in {{{' '.join(addresses)}}} and {path})"
    return f"(http.user_agent in {{{' '.join(map(_text, guest.agents))}}} and {path})"


def skipping(guest: Guest, skipped: Skipped) -> str:
    """Shell: adds a rule that skips these, before all other custom rules."""
    rule = {
        "description": f"{guest.name}: let through to the shop's interface",
        "expression": expression(guest),
        "action": "skip",
        "action_parameters": skipped.parameters(),
        "enabled": True,
    }
    fields = json.dumps(rule, ensure_ascii=False)[1:-1]
    return rf"""api="{API}/zones/$ZONE_ID/rulesets"
auth="Authorization: Bearer $CLOUDFLARE_API_TOKEN"
rule={shlex.quote(fields)}
id=$(curl -sS -H "$auth" "$api/phases/{PHASE}/entrypoint" | tr -d '\n' |
  sed -n 's/.*"result": *{{[^[]*"id": *"\([0-9a-f]\{{32\}}\)".*/\1/p')
if [ -n "$id" ]; then
  curl -sS -X POST -H "$auth" -H "Content-Type: application/json" "$api/$id/rules" \
    -d "{{\"position\": {{\"index\": 1}}, $rule}}"
else
  curl -sS -X POST -H "$auth" -H "Content-Type: application/json" "$api" \
    -d "{{\"name\": \"default\", \"kind\": \"zone\", \"phase\": \"{PHASE}\", \"rules\": [{{$rule}}]}}"
fi
"""


def allowing(guest: Guest) -> str:
    """Shell: allows each address of the hub by an IP Access rule. Empty: there are none, or too many."""
    entries = list(islice(_entries(guest), MOST_ALLOWED + 1))
    if not entries or len(entries) > MOST_ALLOWED:
        return ""
    note = json.dumps(guest.name, ensure_ascii=False)
    return "".join(
        _allowing(target, [value for found, value in entries if found == target], note)
        for target in dict.fromkeys(target for target, _value in entries)
    )


def _allowing(target: str, values: Sequence[str], note: str) -> str:
    begin = shlex.quote(
        f'{{"mode": "whitelist", "notes": {note}, "configuration": {{"target": "{target}", "value": "'
    )
    return rf"""for value in {" ".join(values)}; do
  curl -sS -X POST "{API}/zones/$ZONE_ID/firewall/access_rules/rules" \
    -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: application/json" \
    -d {begin}"$value"'"}}}}'
done
"""


def _entries(guest: Guest) -> Iterator[tuple[str, str]]:
    """Its addresses in the sizes that IP Access rules know: target and value of each."""
    for network in _networks(guest):
        size = next((size for size in _RANGES[network.version] if network.prefixlen <= size), None)
        if size is None:
            target = "ip" if network.version == 4 else "ip6"
            yield from ((target, str(single)) for single in network)
        else:
            yield from (("ip_range", str(part)) for part in network.subnets(new_prefix=size))


def _networks(guest: Guest) -> list[IPv4Network | IPv6Network]:
    """The hub's, and where they are known ours: else examinations go on being refused."""
    found = []
    for address in (*guest.addresses, *(guest.own_addresses if guest.addresses else ())):
        try:
            found.append(ip_network(address.strip(), strict=False))
        except ValueError:
            continue
    return found


def _text(value: str) -> str:
    """A text of Cloudflare's rules language."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
