"""What to change about a server's certificate and its protocols.

What a certificate says of itself was written by whoever made it: only words that are plain host names or
web addresses become part of a command.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from django.utils.translation import gettext as _

from integrations.access.fixes.nginx_text import CHECK, find_lines
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.records import Cause, Diagnosis

_NAME = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.IGNORECASE)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~%/+-]*")
_BLANK = "[[:space:]]"
_MODERN = frozenset({"TLSv1.2", "TLSv1.3"})
_GOOD_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
"""Of TLS 1.2; what every client of the last ten years speaks (Mozilla's intermediate list)."""


@dataclass(frozen=True, slots=True)
class Server:
    """How one web server's configuration speaks of TLS."""

    name: str
    files: str
    """Prints the names of the configuration's files."""
    certificate: str
    """The directive that names the file."""
    names: str
    """Pattern of the directives that name the hosts."""
    protocols: str
    """The line that allows today's protocols."""
    ciphers: str
    line: Place
    language: str
    check: str

    @property
    def plugin(self) -> str:
        """certbot's name of it."""
        return self.name.lower()

    def find(self, pattern: str) -> str:
        """Prints file, number and text of the lines that fit, comments left out."""
        if self.line is Place.NGINX_LINE:
            return find_lines(pattern.replace("/", r"\/"))
        return f"{self.files} | {_EACH} grep -nHE '^[^#]*{pattern}'"

    def substitute(self, pattern: str, old: str, new: str) -> str:
        """Puts ``new`` for ``old`` in the lines that fit, in place; no comma may be in any of them."""
        return (
            f"{self.files} |\n  {_EACH} grep -lE '^[^#]*{pattern}' |\n  "
            rf"{_EACH} sed -i --follow-symlinks -E '\,^[^#]*{pattern},s,{old},{new},'"
        )


_EACH = r"xargs -r -d '\n'"
NGINX = Server(
    name="nginx",
    files=r"nginx -T 2>/dev/null | sed -n 's/^# configuration file \(.*\):$/\1/p'",
    certificate="ssl_certificate",
    names="server_name",
    protocols="ssl_protocols TLSv1.2 TLSv1.3;",
    ciphers=f"ssl_ciphers {_GOOD_CIPHERS};",
    line=Place.NGINX_LINE,
    language="nginx",
    check=CHECK,
)
APACHE = Server(
    name="Apache",
    files="find -L /etc/apache2 -name '*-available' -prune -o -type f -name '*.conf' -print",
    certificate="SSLCertificateFile",
    names="Server(Name|Alias)",
    protocols="SSLProtocol -all +TLSv1.2 +TLSv1.3",
    ciphers=f"SSLCipherSuite {_GOOD_CIPHERS}",
    line=Place.APACHE_LINE,
    language="apache",
    check="apachectl configtest && systemctl reload apache2",
)


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first; empty: it is nothing about TLS."""
    make = _BY_CAUSE.get(diagnosis.cause)
    if make is None or not guest.host:
        return []
    return make(diagnosis, guest)


def is_name(word: str) -> bool:
    """Whether it is a host name or an IPv4 address, and nothing a shell would make more of."""
    return _NAME.fullmatch(word) is not None


def _chain(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    made = [_whole_chain_of_certbot(server) for server in _servers(diagnosis)]
    url = str(diagnosis.values.get("issuer_url") or "")
    if _URL.fullmatch(url) and is_name(guest.host):
        made += [_fetched_intermediate(server, guest.host, url) for server in _servers(diagnosis)]
    paste = _("Paste the issuer's intermediate certificate too (CA bundle); it came with the certificate.")
    return [*made, _installed_anew(paste)]


def _whole_chain_of_certbot(server: Server) -> Fix:
    line = rf"{server.certificate}{_BLANK}[^;#]*/cert\.pem"
    whole = server.substitute(line, r"/cert\.pem", "/fullchain.pem")
    return Fix(
        title=_("Have %(server)s send the whole chain") % {"server": server.name},
        place=Place.SHELL,
        where=_("On the shop's server, as root, where it is %(server)s and the certificate is certbot's.")
        % {"server": server.name},
        text=whole,
        language="shell",
        find=server.find(line),
        check=server.check,
        note=_(
            "cert.pem holds the shop's certificate alone; fullchain.pem, beside it, the intermediate one "
            "too. Browsers find a missing one by themselves, programs do not. Nothing else changes."
        ),
    )


def _fetched_intermediate(server: Server, host: str, url: str) -> Fix:
    """Appends the issuer's certificate from where the shop's own says that it is, if it really signed it."""
    served = f"{server.files} | {_EACH} grep -hoE '^[^#]*{server.certificate}{_BLANK}+[^;#]+'"
    return Fix(
        title=_("Add the missing intermediate certificate for %(server)s") % {"server": server.name},
        place=Place.SHELL,
        where=_("On the shop's server, as root, where it is %(server)s.") % {"server": server.name},
        text=(
            f"new=$(mktemp -d)\n"
            f"curl -fsS {quote(url)} | openssl x509 -inform der -outform pem > $new/issuer.pem\n"
            f"for file in $({served} | awk '{{print $NF}}' | sort -u); do\n"
            f"  openssl x509 -in $file -noout -checkhost {host} -checkip {host} 2>/dev/null"
            " | grep -q 'does match' || continue\n"
            "  openssl verify -partial_chain -trusted $new/issuer.pem $file || continue\n"
            "  cp -p $file $file.before && { echo; cat $new/issuer.pem; } >> $file\n"
            "done"
        ),
        language="shell",
        find=server.find(f"{server.certificate}{_BLANK}"),
        check=server.check,
        note=_(
            "It changes only the file of this shop's certificate, only if the fetched one really signed it, "
            "and leaves the former as .before. Whoever renews the certificate must add it again."
        ),
    )


def _renewal(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Due, or renewed long since and never loaded: the check helps in both cases."""
    panel = _installed_anew(_("Have it issued anew there, and switch on that it renews itself."))
    if not is_name(guest.host):
        return [panel]
    servers = _servers(diagnosis)
    is_early = diagnosis.cause is Cause.CERTIFICATE_NOT_YET
    renewal = Fix(
        title=_("Renew the certificate, and have the web server load it"),
        place=Place.SHELL,
        where=_("On the shop's server, as root, where the certificate is certbot's."),
        text=f"certbot renew --cert-name {guest.host} --force-renewal" if is_early else "certbot renew",
        language="shell",
        find="certbot certificates",
        check=servers[0].check if len(servers) == 1 else _RELOAD,
        note=_(
            "Often it was renewed in time and only never loaded: then certbot says that nothing is due, "
            "and the reload alone helps. If renewing fails, certbot says why; mostly port 80 is closed "
            "or the name leads elsewhere. See with `systemctl list-timers` that it runs by itself."
        ),
    )
    return [renewal, panel]


_RELOAD = (
    "for one in nginx apache2 httpd; do if systemctl -q is-active $one; then systemctl reload $one; fi; done"
)
"""Whichever of them runs."""


def _name(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    host, names = guest.host.lower(), _names(diagnosis)
    made = []
    if is_name(host):
        # A star needs another kind of proof, which only the provider of the DNS can give.
        known = [name for name in names if _are_related(name, host)]
        together = sorted({*known, host}) if known and not any("*" in name for name in known) else [host]
        made = [_issued(server, together, is_added=len(together) > 1) for server in _servers(diagnosis)]
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    if twin in names:
        made.insert(0, _covered_twin(twin, guest))
    return [
        *made,
        _installed_anew(_("Have a certificate issued there for exactly %(host)s.") % {"host": host}),
    ]


def _issued(server: Server, names: list[str], *, is_added: bool) -> Fix:
    words = " ".join(f"-d {name}" for name in names)
    expand = " --expand" if is_added else ""
    block = _(
        "The web server must have a block for this name; without one it shows another site's certificate."
    )
    return Fix(
        title=_("Have a certificate issued for %(names)s, and %(server)s use it")
        % {"names": ", ".join(names[-3:]) if len(names) > 3 else ", ".join(names), "server": server.name},
        place=Place.SHELL,
        where=_("On the shop's server, as root, where it is %(server)s, with certbot of Let's Encrypt.")
        % {"server": server.name},
        text=f"certbot --{server.plugin}{expand} {words}",
        language="shell",
        find=server.find(f"{server.names}{_BLANK}"),
        check=server.check,
        note=f"{block} {_('The names of the present certificate stay in it.')}" if is_added else block,
    )


def _covered_twin(twin: str, guest: Guest) -> Fix:
    address = f"https://{twin}"
    return Fix(
        title=_("Enter the address for which the certificate is"),
        place=Place.PANEL,
        where=_("At %(hub)s, in the settings of the shop's connection, and in Syncwatch.")
        % {"hub": guest.name},
        text=address,
        language="text",
        steps=(
            _("Open %(address)s: it must show the same shop, and stay at that address.")
            % {"address": address},
            _("At %(hub)s and in Syncwatch, enter it as the shop's address, letter by letter.")
            % {"hub": guest.name},
        ),
    )


def _untrusted(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    issuer = str(diagnosis.values.get("issuer") or "").lower()
    anew = _installed_anew(
        _("Have a certificate issued by an authority that everybody trusts, such as Let's Encrypt.")
    )
    made = [_issued(server, [guest.host.lower()], is_added=False) for server in _servers(diagnosis)]
    if "cloudflare" not in issuer:
        return [*(made if is_name(guest.host) else []), anew]
    proxied = Fix(
        title=_("Let the shop's name go through Cloudflare again"),
        place=Place.PANEL,
        where=_("At Cloudflare, in the zone's DNS records."),
        steps=(
            _("Look for the record of %(host)s.") % {"host": guest.host},
            _("Switch its proxy on (orange cloud), and save."),
        ),
        note=_(
            "This certificate is one that only Cloudflare trusts, for the way between it and the server. "
            "Without the proxy everybody else meets it too."
        ),
    )
    return [proxied, *(made if is_name(guest.host) else []), anew]


def _protocol(diagnosis: Diagnosis, _guest: Guest) -> list[Fix]:
    detail = str(diagnosis.values.get("detail") or "")
    if "wrong version number" in detail:
        return [_plain_http()]
    if "application protocol" in detail:
        return [_http_2_only()]
    protocol = str(diagnosis.values.get("protocol") or "")
    made = []
    for server in _servers(diagnosis):
        is_cipher = protocol in _MODERN
        line = server.ciphers if is_cipher else server.protocols
        directive = line.partition(" ")[0]
        made.append(
            Fix(
                title=_("Have %(server)s speak today's TLS") % {"server": server.name},
                place=server.line,
                where=_("In place of the line that the command finds, in each file where it stands."),
                text=line,
                language=server.language,
                find=server.find(f"{directive}{_BLANK}"),
                check=server.check,
                note=_(
                    "TLS 1.0 and 1.1 have been given up by every browser and hub since 2020. A system too "
                    "old for TLS 1.2 needs a newer OpenSSL first."
                ),
            )
        )
    return made


def _plain_http() -> Fix:
    return Fix(
        title=_("Have nginx speak TLS on this port"),
        place=Place.NGINX_LINE,
        where=_("In place of the line that the command finds, in the shop's block."),
        text="listen 443 ssl;",
        language="nginx",
        find=NGINX.find(rf"listen{_BLANK}+([^;]*:)?443{_BLANK}*;"),
        check=NGINX.check,
        note=_(
            "The server answers in plain http where https is due. The block needs the lines ssl_certificate "
            "and ssl_certificate_key too. If the shop has another port for https, enter that one instead."
        ),
        is_guess=True,
    )


def _http_2_only() -> Fix:
    return Fix(
        title=_("Have the server offer HTTP/1.1 beside HTTP/2"),
        place=Place.PANEL,
        where=_("Where the shop's name leads: the web server, or the proxy in front of it."),
        steps=(
            _("Look for the list of protocols that it offers by ALPN; it names h2 only."),
            _("Add http/1.1 to that list. Whoever speaks HTTP/2 goes on doing so."),
        ),
        note=_("Browsers speak HTTP/2; many programs, and most hubs, do not."),
    )


def _installed_anew(last_step: str) -> Fix:
    return Fix(
        title=_("Mend the certificate in the host's panel"),
        place=Place.PANEL,
        where=_("In the panel of whoever runs the shop's server: the page for SSL or TLS certificates."),
        steps=(_("Choose the domain of the shop."), last_step, _("Save, and have Syncwatch ask again.")),
    )


def _servers(diagnosis: Diagnosis) -> tuple[Server, ...]:
    """The one that is known, else both: each one's command finds nothing where it is not installed."""
    return tuple(s for s in (NGINX, APACHE) if s.name == diagnosis.product) or (NGINX, APACHE)


def _names(diagnosis: Diagnosis) -> list[str]:
    words = re.split(r"[,\s]+", str(diagnosis.values.get("names") or "").lower())
    return [word for word in words if is_name(word)]


def _are_related(name: str, host: str) -> bool:
    """Both below one domain, as far as two labels tell."""
    return name.split(".")[-2:] == host.split(".")[-2:]


_BY_CAUSE: dict[Cause, Callable[[Diagnosis, Guest], list[Fix]]] = {
    Cause.CERTIFICATE_CHAIN: _chain,
    Cause.CERTIFICATE_EXPIRED: _renewal,
    Cause.CERTIFICATE_EXPIRES: _renewal,
    Cause.CERTIFICATE_NOT_YET: _renewal,
    Cause.CERTIFICATE_NAME: _name,
    Cause.CERTIFICATE_UNTRUSTED: _untrusted,
    Cause.TLS_PROTOCOL: _protocol,
}
