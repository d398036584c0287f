"""What to change where a server asks whoever comes for a certificate of their own, which no hub has."""

from django.utils.translation import gettext as _

from integrations.access.fixes.nginx_text import is_guest
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.fixes.tls import NGINX
from integrations.access.records import Diagnosis

SIGN = "client_certificate"
"""The sign of the answer that says so."""
REFUSAL = 400
"""nginx' own status for those without one (its documentation of ssl_verify_client)."""


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first. Mostly only a service in front was to reach the server: then the hub goes that way."""
    behind_a_service = Fix(
        title=_("Let the shop's name lead through the service in front again"),
        place=Place.PANEL,
        where=_("Where the DNS of %(host)s is kept.") % {"host": guest.host},
        steps=(
            _("Ask who switched the demand on. At Cloudflare it is called authenticated origin pulls: only "
              "Cloudflare is to reach the server."),
            _("If it is that, the name must lead to Cloudflare: switch the proxy of its record on."),
            _("If the hub was given another address, the server's own, enter the shop's public one there."),
        ),
    )  # fmt: skip
    if diagnosis.product not in ("", NGINX.name) or not guest.path:
        return [behind_a_service]
    without = "\n".join(
        (
            "ssl_verify_client optional;",
            is_guest(guest),
            'if ($ssl_client_verify = "SUCCESS") { set $syncwatch_guest "hub path"; }',
            f'if ($syncwatch_guest != "hub path") {{ return {REFUSAL}; }}',
        )
    )
    return [
        behind_a_service,
        Fix(
            title=_("Ask everybody but %(hub)s for a certificate") % {"hub": guest.name},
            place=Place.NGINX_LINE,
            where=_("In place of the line that the command finds, in the shop's block."),
            text=without,
            language="nginx",
            find=NGINX.find("ssl_verify_client[[:space:]]+on[[:space:]]*;"),
            check=NGINX.check,
            note=_(
                "Everybody else stays refused as before. Whoever uses the hub's User-Agent reaches the "
                "shop's interface too, where the shop's own key still counts."
            ),
        ),
    ]
