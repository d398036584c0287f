"""Exclusions from ModSecurity's rules: by the rule's number, for the hub's requests to the interface alone.

A rule is taken out of a transaction by ``ctl:ruleRemoveById`` in a rule of our own that runs before it, so
everybody else, every other path and every other rule stay as they were. Our rules have numbers from 96000
to 96999: numbers up to 99999 are free for whoever runs the server.
"""

import re
from itertools import starmap, zip_longest
from zlib import crc32

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.fixes.apache import CHECK
from integrations.access.fixes.records import PLAIN_PATH, Fix, Guest, Place
from integrations.access.records import Cause, Diagnosis
from integrations.access.server_log.judging import ATTACKS

OUR_NUMBERS = range(96_000, 97_000)
METHODS_OF_RULE_SET = "911100"
"""OWASP's rule that lets only GET, HEAD, POST and OPTIONS through, as shipped."""
_SAFE = re.compile(r"[ !#$&()*+,./0-9:;<=>?@A-Z\[\]^_a-z|~-]+")
_CONCERNED = frozenset(
    {
        Cause.USER_AGENT_RULE,
        Cause.METHOD_RULE,
        Cause.PATH_RULE,
        Cause.ADDRESS_RULE,
        Cause.EVERYBODY_REFUSED,
        Cause.CONTENT_RULE,
        Cause.POLITE_BLOCK,
        Cause.RATE_LIMIT,
        Cause.DROPPED,
        Cause.MAINTENANCE,
        Cause.SERVER_FAULT,
    }
)
_IN_APACHE = "/etc/modsecurity /usr/share/modsecurity-crs /etc/apache2"
_IN_NGINX = "/etc/nginx /etc/modsecurity /usr/share/modsecurity-crs"
SHOW_LOG = (
    "grep -hE 'ModSecurity: |AH0(1617|1618|1623|1630|1797): |[.]htaccess: |access forbidden by rule' "
    "/var/log/apache2/*error*.log /var/log/nginx/*error*.log 2>/dev/null | tail -n 400"
)


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first. Where the rule's number is not known, the way to it; empty: no rule is to blame."""
    if not PLAIN_PATH.fullmatch(guest.path):
        return []
    rules = [rule for rule in diagnosis.rule_id.split() if rule.isdecimal()]
    if rules:
        exclusion = _exclusion(diagnosis, guest, rules)
        return [exclusion] if exclusion else []
    if diagnosis.cause not in _CONCERNED or diagnosis.values.get("log"):
        return []
    if diagnosis.cause is Cause.SERVER_FAULT and diagnosis.status != 503:
        return []
    found = [_search(guest)]
    if diagnosis.values.get("pattern") == "rule_set_methods":
        exclusion = _exclusion(diagnosis, guest, [METHODS_OF_RULE_SET])
        if exclusion:
            found.insert(0, exclusion)
    return found


def _exclusion(diagnosis: Diagnosis, guest: Guest, rules: list[str]) -> Fix | None:
    conditions = _conditions(diagnosis, guest)
    if not conditions:
        return None
    number = OUR_NUMBERS[crc32(repr((guest.path, rules, conditions)).encode()) % len(OUR_NUMBERS)]
    actions = ",".join(dict.fromkeys(starmap(_removed, _looked_at(rules, diagnosis))))
    lines = [
        f'SecRule REQUEST_FILENAME "@rx ^{re.escape(guest.path)}(?:/|$)" \\',
        f'    "id:{number},phase:1,t:none,t:urlDecode,t:normalizePath,pass,nolog,chain"',
    ]
    for condition in conditions[:-1]:
        lines.append(f'    SecRule {condition} "t:none,chain"')
    lines += [f"    SecRule {conditions[-1]} \\", f'        "t:none,{actions}"']
    is_owasp = all(len(rule) == 6 and rule.startswith("9") for rule in rules)
    in_nginx = diagnosis.sign == "nginx_page"
    names = list(dict.fromkeys(rules))
    title = ngettext(
        "Exempt %(hub)s from ModSecurity's rule %(rules)s, on %(path)s only",
        "Exempt %(hub)s from ModSecurity's rules %(rules)s, on %(path)s only",
        len(names),
    )
    return Fix(
        title=title % {"hub": guest.name, "rules": ", ".join(names), "path": guest.path},
        place=Place.MODSECURITY_BEFORE,
        where=_where(is_owasp),
        text="\n".join(lines) + "\n",
        language="modsecurity",
        find=f"grep -RnE 'id:[^0-9]?({'|'.join(names)})[^0-9]' {_IN_NGINX if in_nginx else _IN_APACHE}",
        check="nginx -t && systemctl reload nginx" if in_nginx else CHECK,
        note=_note(diagnosis, guest, number),
    )


def _where(is_owasp: bool) -> str:
    if is_owasp:
        return _(
            "In the file REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf, which is read before the rule set (on "
            "Debian and Ubuntu in /etc/modsecurity/crs). Make it if it is not there."
        )
    return _(
        "In a new file that is read before all other rules: on Debian and Ubuntu "
        "/etc/modsecurity/00-exclusions.conf."
    )


def _note(diagnosis: Diagnosis, guest: Guest, number: int) -> str:
    told = _(
        "All other rules go on looking at these requests, and this rule at everybody else's. Our own rule "
        "has the number %(number)d; if configtest says that it is taken, this exclusion is there already."
    ) % {"number": number}
    if _is_by_address(diagnosis, guest):
        return told
    return f"{told} " + _("Anybody can send %(hub)s's User-Agent: the shop still asks for its keys.") % {
        "hub": guest.name
    }


def _is_by_address(diagnosis: Diagnosis, guest: Guest) -> bool:
    by_address = (Cause.ADDRESS_RULE, Cause.EVERYBODY_REFUSED)
    return bool(guest.addresses) and diagnosis.cause in by_address


def _conditions(diagnosis: Diagnosis, guest: Guest) -> list[str]:
    """What the hub's requests have in common, beside the path; empty: nothing tells them from others."""
    if _is_by_address(diagnosis, guest):
        # Version 2 does not take a single address for a network.
        networks = [re.sub(r"/(32|128)$", "", one) for one in (*guest.addresses, *guest.own_addresses)]
        return [f'REMOTE_ADDR "@ipMatch {",".join(networks)}"']
    agents = [re.escape(agent) for agent in guest.agents if _SAFE.fullmatch(agent)]
    if not agents:
        return []
    conditions = [f'REQUEST_HEADERS:User-Agent "@rx ^(?:{"|".join(agents)})$"']
    if diagnosis.cause is Cause.METHOD_RULE and diagnosis.methods:
        conditions.insert(0, f'REQUEST_METHOD "@rx ^(?:{"|".join(diagnosis.methods)})$"')
    return conditions


def _looked_at(rules: list[str], diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """Each rule with what it looked at, empty where the log does not say it."""
    variables = str(diagnosis.values.get("variables") or "").split()
    return list(zip_longest(rules, variables[: len(rules)], fillvalue=""))


def _removed(rule: str, variable: str) -> str:
    """Out of the sight of rules against attacks is only taken what the hub really fills."""
    if int(rule) in ATTACKS and re.fullmatch(r"[A-Z_]+(?::[\w.-]+)?", variable):
        return f"ctl:ruleRemoveTargetById={rule};{variable}"
    return f"ctl:ruleRemoveById={rule}"


def _search(guest: Guest) -> Fix:
    return Fix(
        title=_("Find the rule that refuses %(hub)s") % {"hub": guest.name},
        place=Place.SHELL,
        where=_("On the shop's server, right after %(hub)s, or a test from here, was refused.")
        % {"hub": guest.name},
        text=SHOW_LOG + "\n",
        language="shell",
        note=_(
            "Save what it prints in a file, and run: manage.py diagnose URL --server-log FILE, with "
            "--hub-address where the hub's addresses are known. The exclusion is then printed for exactly "
            "that rule. If it prints nothing, no firewall of this server refused."
        ),
    )
