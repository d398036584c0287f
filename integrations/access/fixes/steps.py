"""What fixes by clicks share: how the hub's addresses are named, and what is asked of others."""

from ipaddress import ip_network

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.naming import listed

MOST_ADDRESSES = 40


def panel(title: str, where: str, *steps: str, note: str = "") -> Fix:
    """Clicks, in order."""
    return Fix(title=title, place=Place.PANEL, where=where, steps=steps, note=note)


def addresses(guest: Guest) -> str:
    """A step: which addresses to enter, or that the hub must be asked for them."""
    if guest.addresses:
        return _("Enter the addresses of %(hub)s: %(addresses)s.") % {
            "hub": guest.name,
            "addresses": ", ".join(guest.addresses[:MOST_ADDRESSES]),
        }
    return _("Ask %(hub)s for the addresses it calls from, and enter all of them.") % {"hub": guest.name}


def agents(guest: Guest) -> str:
    """The hub's User-Agents as a list in a sentence."""
    return listed([f'"{agent}"' for agent in guest.agents])


def networks(guest: Guest) -> list[str]:
    """Those of its addresses that are some, written one way: ``192.0.2.1``, ``192.0.2.0/28``."""
    found = []
    for address in guest.addresses:
        try:
            network = ip_network(address.strip(), strict=False)
        except ValueError:
            continue
        found.append(str(network).removesuffix("/32") if network.version == 4 else str(network))
    return found


def after_maintenance(guest: Guest) -> str:
    """What hubs do after a time in which a shop was closed."""
    return _(
        "%(hub)s asks a shop that was closed ever more rarely. When the shop is open again, refresh the "
        "connection there or press Force refresh here."
    ) % {"hub": guest.name}
