"""Carriers' names as Shopify knows them.

Shopify makes a link of a number, and follows the parcel, only when the company is written exactly as in its
list (Admin API 2026-10, FulfillmentTrackingInfo.company); any other company needs a URL.
"""

import re
from functools import cache

_NAMES = (
    "4PX; ACS Courier; AGS; Allied Express; Amazon; An Post; Anjun Logistics; APC; Aramex Australia; "
    "Aras Kargo; Asendia USA; Australia Post; Bluedart; Bonds; BoxKnight; BPost; Bring; BRT; Canada Post; "
    "Canpar; China Post; Chronopost; Colis Privé; Colissimo; Coordinadora; Correios; Correos; "
    "Couriers Please; CTT; CTT Express; Cyprus Post; Delhivery; Delnext; Deutsche Post; DHL; DHL eCommerce; "
    "DHL Express; DHL Parcel; Direct Couriers; DPD; DPD Ireland; DPD Local; DPD UK; DTD Express; DTDC; DX; "
    "Ekart; Estes; Evri; Fastway; FedEx; GLS; GLS Italy; Hermes; Hunter Express; Iceland Post; India Post; "
    "Inpost; Intelcom; Israel Post; La Poste Colissimo; Lasership; Latvia Post; Lietuvos Paštas; Loomis; "
    "Mondial Relay; New Zealand Post; NinjaVan; Northline; Old Dominion; OnTrac; Packeta; Parcelforce; "
    "Pitney Bowes; Poste Italiane; PostNL; PostNord DK; PostNord NO; PostNord SE; PTT; Purolator; Qxpress; "
    "Royal Mail; Sendle; SEUR; SF Express; Shadowfax; Singapore Post; Skynet; Speedy; StarTrack; "
    "Swiss Post; Swiship; TNT; TNT Australia; Toll IPEC; Tuffnells; UPS; USPS; Venipak; Whistl; "
    "XPO Logistics; XpressBees; Yodel; YunExpress; Yurtiçi Kargo; Zásilkovna; Österreichische Post"
)
_OTHERS = {
    "austrianpost": "Österreichische Post",
    "colisprive": "Colis Privé",
    "dhlde": "DHL",
    "dhlparcelnl": "DHL Parcel",
    "dpdgb": "DPD UK",
    "dpdie": "DPD Ireland",
    "hermesgb": "Evri",
    "inpostpl": "Inpost",
    "lietuvospastas": "Lietuvos Paštas",
    "postat": "Österreichische Post",
    "postnorddk": "PostNord DK",
    "postnordse": "PostNord SE",
    "royalmailv2": "Royal Mail",
    "zasilkovna": "Zásilkovna",
}
"""What hubs call them where that is not the same but for case and blanks."""
_COUNTRY = re.compile(r"[_-][a-z]{2}$")


def company(carrier: str) -> str:
    """Shopify's name for a hub's carrier (``postnl``, ``dhl_express``, ``gls_nl``); empty: in no list."""
    for word in (carrier, _COUNTRY.sub("", carrier.strip().lower())):
        plain = _plain(word)
        found = _OTHERS.get(plain) or _by_plain_name().get(plain)
        if found:
            return found
    return ""


@cache
def _by_plain_name() -> dict[str, str]:
    return {_plain(name): name for name in _NAMES.split("; ")}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
