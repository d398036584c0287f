"""What to do at the shop's server when Cloudflare cannot reach or trust it (errors 520 to 530).

(developers.cloudflare.com/support/troubleshooting/http-status-codes; the ranges: cloudflare.com/ips)
"""

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.records import Diagnosis

_RANGES = "$(curl -sS https://www.cloudflare.com/ips-v4) $(curl -sS https://www.cloudflare.com/ips-v6)"
UFW = f"""for network in {_RANGES}; do
  ufw allow proto tcp from "$network" to any port 80,443
done
"""
VISITORS = f"""{{
  for network in {_RANGES}; do
    echo "set_real_ip_from $network;"
  done
  echo "real_ip_header CF-Connecting-IP;"
}} > /etc/nginx/conf.d/cloudflare-visitors.conf
"""
_CLOSED, _CERTIFICATE, _NAME, _SLOW = {520, 521, 522}, {525, 526}, {523, 530}, {504, 524}


def of_the_origin(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """By the number of the error."""
    status = diagnosis.status or 0
    if status in _CERTIFICATE:
        return [_certificate(guest)]
    if status in _NAME:
        return [_record(guest)]
    if status in _SLOW:
        return [_slow()]
    return [_open_firewall(), _tell_visitors_apart()] if status in _CLOSED else []


def _open_firewall() -> Fix:
    return Fix(
        title=_("Let Cloudflare's addresses through the server's firewall"),
        place=Place.SHELL,
        where=_("On the shop's server, as root, where its firewall is ufw."),
        text=UFW,
        language="shell",
        check="ufw status",
        note=_(
            "Behind Cloudflare every visitor comes from these addresses, so fail2ban and the like ban "
            "Cloudflare itself. With another firewall allow the networks of cloudflare.com/ips there; at a "
            "host without access to it, ask the host for that. If the web server is down, start it first."
        ),
    )


def _tell_visitors_apart() -> Fix:
    return Fix(
        title=_("Let nginx see the visitors' own addresses behind Cloudflare"),
        place=Place.SHELL,
        where=_(
            "On the shop's server, as root, where nginx answers; so that bans meet visitors, not Cloudflare."
        ),
        text=VISITORS,
        language="shell",
        check="nginx -t && systemctl reload nginx",
        note=_("It changes which address nginx logs and judges, for all its sites."),
    )


def _certificate(guest: Guest) -> Fix:
    return Fix(
        title=_("Give the shop's server a certificate that Cloudflare accepts"),
        place=Place.PANEL,
        where=_("On the shop's server, or in the host's panel."),
        steps=(
            _("Look which certificate the server itself shows for %(host)s, past Cloudflare.")
            % {"host": guest.host},
            _("Renew it; or make one in Cloudflare under SSL/TLS > Origin Server, and install it on the "
              "server with its key."),
            _("See that it names %(host)s, and that the server offers TLS 1.2.") % {"host": guest.host},
        ),
        note=_("Do not lower the encryption mode in Cloudflare instead: customers' data would go unprotected "
               "between Cloudflare and the shop."),
    )  # fmt: skip


def _record(guest: Guest) -> Fix:
    return Fix(
        title=_("Point the name at the shop's server"),
        place=Place.PANEL,
        where=_("In Cloudflare's dashboard, in the shop's domain, under DNS."),
        steps=(
            _("Open the record of %(host)s.") % {"host": guest.host},
            _("Enter the address that the shop's server has now; after a move it is another one. A tunnel "
              "must be running."),
        ),
    )  # fmt: skip


def _slow() -> Fix:
    return Fix(
        title=_("Find what keeps the shop from answering in time"),
        place=Place.PANEL,
        where=_("On the shop's server, or with whoever looks after the shop."),
        steps=(
            _("Look into the slow log of PHP and of the database at that time."),
            _("Look for a module or plug-in that works on orders while they are asked for, and update it or "
              "move its work into the background."),
        ),
        note=_("Cloudflare waits for about two minutes and then gives up; the shop took longer."),
    )  # fmt: skip
