"""What to change where no answer of HTTP comes, or one that sends elsewhere: name, address, connection,
redirect. Certificates and protocols of TLS have a module of their own."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations.access.fixes import client_certificate, tls
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.records import Cause, Diagnosis, Subject

_LISTENING = "ss -tlnp | grep -E ':(80|443)[[:space:]]'"


_NO_NEW_ADDRESS = frozenset({"slash", "loop", "path", "http"})
"""What a redirect changes where another address would not help the hub, or would open the key to readers."""


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first; empty: it is nothing of the network."""
    if diagnosis.sign == client_certificate.SIGN:
        return client_certificate.fixes(diagnosis, guest)
    make = _BY_CAUSE.get(diagnosis.cause)
    return make(diagnosis, guest) if make is not None else tls.fixes(diagnosis, guest)


def _redirect(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """The hub is told the address to which everything leads. The redirect itself is right for browsers."""
    reason, location = str(diagnosis.values.get("reason") or ""), str(diagnosis.values.get("location") or "")
    address = final_address(location, guest.path) if reason not in _NO_NEW_ADDRESS else ""
    if not address:
        return [_rewritten_path(reason, location, guest)]
    note = _(
        "A redirect makes many programs drop what they wanted to write, and the key with it. It is right for "
        "people's browsers and may stay as it is."
    )
    return [
        Fix(
            title=_("Enter the address to which the shop leads"),
            place=Place.PANEL,
            where=_("At %(hub)s, in the settings of the shop's connection, and in Syncwatch.")
            % {"hub": guest.name},
            text=address,
            language="text",
            steps=(
                _("At %(hub)s, enter %(address)s as the shop's address, letter by letter.")
                % {"hub": guest.name, "address": address},
                _("In Syncwatch, enter the same on the store's page."),
                _("If the hub cannot change the address of a connection, connect the shop there anew."),
            ),
            note=note,
        )
    ]


def final_address(location: str, path: str) -> str:
    """The shop's address, of where its interface leads; empty: that is not the interface any more."""
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    folder, found, _rest = parts.path.partition(path)
    shop, name = (folder, found) if path else ("", parts.hostname)
    if parts.scheme not in ("http", "https") or not parts.hostname or not name:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{shop}".rstrip("/")


def _rewritten_path(reason: str, location: str, guest: Guest) -> Fix:
    """No address to enter helps: the hub makes the interface's paths by itself."""
    why = {
        "slash": _("Look for the rule that adds or takes away a slash at the end of addresses."),
        "http": _(
            "Look for the rule that leads from https to plain http; there, whoever is on the way can read "
            "the key. Do not enter that address at the hub."
        ),
        "loop": _(
            "Look for two rules that lead to each other. A common one: a service in front asks the server "
            "by http, which leads to https; let that service ask by https, or pass X-Forwarded-Proto on "
            "and have the rule look at it."
        ),
    }
    return Fix(
        title=_("Leave the shop's interface out of the redirect"),
        place=Place.PANEL,
        where=_("In the web server's configuration, the .htaccess in the shop's folder, or a plug-in."),
        steps=(
            why.get(reason, _("Look for the rule that leads to %(location)s.") % {"location": location}),
            _("Add to it the condition that the path does not begin with %(path)s/; leave the rest as it is.")
            % {"path": guest.path},
        ),
        find="grep -rnEi 'rewrite|redirect|return[[:space:]]+30[1278]' /etc/nginx /etc/apache2 2>/dev/null",
        note=_("A redirect makes many programs drop what they wanted to write, and the key with it."),
    )


def _name(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    host = guest.host or str(diagnosis.values.get("host") or "")
    aliases = [word for word in str(diagnosis.values.get("aliases") or "").split() if tls.is_name(word)]
    error = diagnosis.values.get("error")
    record = _("Where its DNS is kept, add a record of type A with the address of the shop's server.")
    by_error = {
        "no_answer": (
            _("The name servers of %(host)s do not answer. Look at their provider's page of disturbances."),
            _("At the registrar, compare the name servers that are entered with those the provider names."),
        ),
        "no_address": (_("The name %(host)s exists and has no address."), record),
    }
    unknown = (
        _("Look whether the address is spelled rightly: %(host)s."),
        _("At the registrar, look whether the domain is paid for and its name servers are the right ones."),
        record,
    )
    steps = by_error.get(str(error), unknown)
    if aliases and error == "no_such_name":
        dangling = _(
            "%(host)s is an alias of %(alias)s, and that name does not exist any more: have the alias lead "
            "to where the shop is now."
        )
        steps = (dangling, *steps[1:])
    values = {"host": host, "alias": aliases[-1] if aliases else ""}
    return [
        Fix(
            title=_("Have the name %(host)s lead to the shop") % {"host": host},
            place=Place.PANEL,
            where=_("At the registrar of the domain, or where its DNS is kept."),
            steps=tuple(step % values for step in steps),
            find=f"dig +trace {host} A" if tls.is_name(host) else "",
            note=_("It takes until the old answers have expired everywhere, mostly an hour, at most a day."),
        )
    ]


def _refused(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    if diagnosis.subject is Subject.NAME:
        return _dead_addresses(diagnosis, guest)
    server = Fix(
        title=_("Start the web server"),
        place=Place.PANEL,
        where=_("On the shop's server, at whatever listens on the shop's port."),
        steps=(
            _("Run the command: it shows who listens. Nobody: the web server does not run."),
            _("Look why it ended (%(command)s), mend that, and start it.")
            % {"command": "systemctl status nginx apache2"},
            _("If it runs, look whether the port in the shop's address is the one it listens on."),
        ),
        find=_LISTENING,
    )
    return [server, *_firewall(guest, is_guess=True)]


def _dead_addresses(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """The name stands for several addresses, and some of them answer nobody."""
    dead = [word for word in str(diagnosis.values.get("addresses") or "").split() if _is_address(word)]
    listed, host = ", ".join(dead), guest.host
    kind = "AAAA" if dead and all(":" in word for word in dead) else "A"
    record = Fix(
        title=_("Take the address that does not answer out of DNS"),
        place=Place.PANEL,
        where=_("Where the DNS of %(host)s is kept.") % {"host": host},
        steps=(
            _("Look whether %(addresses)s is still an address of the shop's server.") % {"addresses": listed},
            _("If it is not, delete the record of type %(kind)s of %(host)s that holds it.")
            % {"kind": kind, "host": host},
            _("If it is, have the web server listen there, and the firewall let it."),
        ),
        find=f"dig +short {host} {kind}" if tls.is_name(host) else "",
        note=_("Programs that try this address first wait for it each time, or give up."),
    )
    if kind != "AAAA":
        return [record]
    listening = Fix(
        title=_("Have nginx listen on IPv6 too"),
        place=Place.NGINX_ABOVE,
        where=_("Directly above the shop's line that the command finds."),
        text="listen [::]:443 ssl;",
        language="nginx",
        find=tls.NGINX.find("listen[[:space:]]+([0-9.]+:)?443"),
        check=tls.NGINX.check,
        note=_("Only where the address is still the server's own."),
        is_guess=True,
    )
    return [record, listening]


def _silent(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Packets are dropped, or connections ended: a firewall's way, if the server itself is well."""
    is_partial = diagnosis.cause is Cause.DROPPED
    firewall = _firewall(guest, is_guess=True)
    if is_partial:
        return firewall
    logs = Fix(
        title=_("Look why the server ends or ignores connections"),
        place=Place.PANEL,
        where=_("On the shop's server."),
        steps=(
            _("Run the command: it shows what the web server complained of last."),
            _("Processes crash or have run out: restart them, and give PHP more of them or more memory."),
            _("Nothing is written there when the hub calls: a firewall ends its connections before."),
        ),
        find="tail -n 50 /var/log/nginx/error.log /var/log/apache2/error.log 2>/dev/null",
    )
    return [*firewall, logs] if diagnosis.cause is Cause.TIMED_OUT else [logs, *firewall]


def _firewall(guest: Guest, *, is_guess: bool) -> list[Fix]:
    """The narrowest opening there is: the hub's addresses, the web server's ports."""
    networks = [*_networks(guest.addresses), *_networks(guest.own_addresses)]
    if not _networks(guest.addresses):
        return [
            Fix(
                title=_("Allow %(hub)s's addresses in the firewall") % {"hub": guest.name},
                place=Place.PANEL,
                where=_("In the firewall of the server, or of its host."),
                steps=(
                    _("Ask %(hub)s for the networks it calls from.") % {"hub": guest.name},
                    _("Look for them in the firewall's list of banned addresses, and take them out."),
                    _("Add them to its allow list, for the ports 80 and 443 only."),
                ),
                find="nft list ruleset | grep -nE 'drop|reject'; fail2ban-client banned",
                is_guess=is_guess,
            )
        ]
    note = _(
        "It opens the web server's ports to these addresses only. Addresses can change: ask the hub. If a "
        "tool such as fail2ban bans them again, add them to what it ignores."
    )
    title = _("Allow %(hub)s's addresses in the server's firewall") % {"hub": guest.name}
    where = _("On the shop's server, as root.")
    by_ufw = "\n".join(f"ufw prepend allow proto tcp from {one} to any port 80,443" for one in networks)
    return [
        Fix(
            title=title,
            place=Place.SHELL,
            where=f"{where} {_('Where its firewall is ufw.')}",
            text=by_ufw,
            language="shell",
            find="ufw status numbered | grep -i -E 'status: active|deny|reject'",
            note=note,
            is_guess=is_guess,
        ),
        Fix(
            title=title,
            place=Place.SHELL,
            where=f"{where} {_('Where its firewall is nftables.')}",
            text=_by_nft(networks),
            language="shell",
            find="nft list ruleset | grep -nE 'hook input|drop|reject'",
            note=f"{note} {_('Write it into its file of rules too, or it is gone at the next start.')}",
            is_guess=is_guess,
        ),
    ]


def _by_nft(networks: list[str]) -> str:
    lines = []
    for family, version in (("ip", 4), ("ip6", 6)):
        ours = ", ".join(one for one in networks if ip_network(one).version == version)
        if ours:
            sets = f"{family} saddr '{{ {ours} }}' tcp dport '{{ 80, 443 }}'"
            lines.append(f"nft insert rule inet filter input {sets} accept")
    return "\n".join(lines)


def _networks(words: tuple[str, ...]) -> list[str]:
    """Those that really are networks: they become part of commands."""
    found = []
    for word in words:
        try:
            found.append(str(ip_network(word, strict=False)))
        except ValueError:
            continue
    return found


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


_BY_CAUSE: dict[Cause, Callable[[Diagnosis, Guest], list[Fix]]] = {
    Cause.REDIRECT: _redirect,
    Cause.NAME_NOT_FOUND: _name,
    Cause.CONNECTION_REFUSED: _refused,
    Cause.TIMED_OUT: _silent,
    Cause.CLOSED_EARLY: _silent,
    Cause.DROPPED: _silent,
}
