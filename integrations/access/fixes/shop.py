"""What to change in PrestaShop and Magento themselves."""

import re

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.fixes.steps import after_maintenance, networks, panel
from integrations.access.records import Cause, Diagnosis

_SPELLABLE = re.compile(r"[\w./~-]*")
"""Paths that need no quotes in nginx' configuration."""
BEARER = "bin/magento config:set oauth/consumer/enable_integration_as_bearer 1\nbin/magento cache:flush\n"


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first; empty: it is nothing of the shop software, or the platform runs it (Shopify)."""
    match guest.platform:
        case "prestashop":
            return _of_prestashop(diagnosis, guest)
        case "magento":
            return _of_magento(diagnosis, guest)
        case _:
            return []


def _of_prestashop(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    match diagnosis.cause:
        case Cause.API_OFF:
            return [_webservice()]
        case Cause.HEADER_LOST:
            return [_cgi_mode(), _rewrite_rules()]
        case Cause.API_NOT_FOUND if diagnosis.product == "nginx" and _SPELLABLE.fullmatch(guest.path):
            return [_dispatcher(guest)]
        case Cause.API_NOT_FOUND:
            return [_rewrite_rules()]
        case Cause.MAINTENANCE:
            return [_open_shop(guest)]
        case Cause.APPLICATION_FAULT:
            return [_prestashop_fault()]
        case _:
            return []


def _webservice() -> Fix:
    return panel(
        _("Switch PrestaShop's webservice on"),
        _("In PrestaShop's back office."),
        _("Open Advanced Parameters > Webservice."),
        _('Set "Enable PrestaShop\'s webservice" to Yes and save.'),
        _("In the list of keys above see that the hub's key is enabled."),
        note=_("Only whoever holds a key may read or write, and only what the key's table of rights allows."),
    )


def _cgi_mode() -> Fix:
    return panel(
        _("Tell PrestaShop that PHP runs as CGI or FPM"),
        _("In PrestaShop's back office."),
        _("Open Advanced Parameters > Webservice."),
        _('Set "Enable CGI mode for PHP" to Yes and save.'),
        note=_("PrestaShop then takes the key from a header that its rewrite rules hand on. Where PHP runs "
               "as a module of Apache, leave it at No."),
    )  # fmt: skip


def _rewrite_rules() -> Fix:
    return panel(
        _("Have PrestaShop write its .htaccess anew"),
        _("In PrestaShop's back office; where the server is Apache or LiteSpeed."),
        _("Open Shop Parameters > Traffic & SEO."),
        _("Set Friendly URL to Yes and save; if it is on already, save all the same."),
        _("See that .htaccess in the shop's folder now holds a rule for ^api, and that Apache reads the file "
          "(AllowOverride All, mod_rewrite)."),
    )  # fmt: skip


def _dispatcher(guest: Guest) -> Fix:
    folder = guest.path.removesuffix("/api")
    pattern = folder.replace(".", r"\.")
    return Fix(
        title=_("Lead nginx to PrestaShop's webservice"),
        place=Place.NGINX_SERVER,
        where=_("First lines inside the shop's server { }."),
        text=f"rewrite ^{pattern}/api/?(.*)$ {folder}/webservice/dispatcher.php?url=$1 last;\n",
        language="nginx",
        check="nginx -t && systemctl reload nginx",
        note=_("PrestaShop writes such rules for Apache only; on nginx they are written by hand."),
    )


def _open_shop(guest: Guest) -> Fix:
    return panel(
        _("End the maintenance, or look who shows that page"),
        _("In PrestaShop's back office."),
        _("Open Shop Parameters > General > Maintenance and enable the shop when the work is done."),
        _("PrestaShop's own maintenance leaves its webservice open: if that is closed too, a module or the "
          "host shows the page."),
        note=after_maintenance(guest),
    )  # fmt: skip


def _prestashop_fault() -> Fix:
    return panel(
        _("Find the fault in PrestaShop"),
        _("On the shop's server, or in its back office."),
        _("Look into PHP's error log, var/logs in the shop's folder, and Advanced Parameters > Logs."),
        _("If the database cannot be reached: see that it runs, and that parameters.php names it."),
        _("If it began with a module's update, disable that module and tell its maker."),
    )


def _of_magento(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    match diagnosis.cause:
        case Cause.MAINTENANCE:
            return _magento_maintenance(guest)
        case Cause.HEADER_LOST:
            return [_bearer(guest)]
        case Cause.API_NOT_FOUND | Cause.API_OFF:
            return [_document_root(guest)]
        case Cause.APPLICATION_FAULT:
            return [_magento_fault()]
        case _:
            return []


def _magento_maintenance(guest: Guest) -> list[Fix]:
    """(experienceleague.adobe.com: installation-guide/tutorials/maintenance-mode)"""
    end = Fix(
        title=_("End Magento's maintenance"),
        place=Place.SHELL,
        where=_(
            "On the shop's server, in Magento's folder, as the user that owns it; when the work is done."
        ),
        text="bin/magento maintenance:disable\n",
        language="shell",
        find="bin/magento maintenance:status",
        note=after_maintenance(guest),
    )
    single = [network for network in networks(guest) if "/" not in network]
    if not single or len(single) < len(guest.addresses):
        return [end]
    allow = Fix(
        title=_("Or let %(hub)s in while it lasts") % {"hub": guest.name},
        place=Place.SHELL,
        where=_("On the shop's server, in Magento's folder, as the user that owns it."),
        text=f"bin/magento maintenance:allow-ips {' '.join(single)}\n",
        language="shell",
        find="bin/magento maintenance:status",
        note=_("It replaces the list of exempt addresses: add those that maintenance:status shows. While "
               "data is being changed, rather keep the hub out."),
    )  # fmt: skip
    return [end, allow]


def _bearer(guest: Guest) -> Fix:
    """(developer.adobe.com/commerce/webapi/get-started/authentication/gs-authentication-token)"""
    return Fix(
        title=_("If %(hub)s uses the access token alone: have Magento accept it") % {"hub": guest.name},
        place=Place.SHELL,
        where=_("On the shop's server, in Magento's folder, as the user that owns it."),
        text=BEARER,
        language="shell",
        find="bin/magento config:show oauth/consumer/enable_integration_as_bearer",
        note=_("Since 2.4.4 Magento refuses such tokens with the same words as a missing key. They never "
               "expire, so signed requests (OAuth) are better where the hub can make them."),
        is_guess=True,
    )  # fmt: skip


def _document_root(guest: Guest) -> Fix:
    return panel(
        _("Lead the server to Magento's interface"),
        _("On the shop's server."),
        _("See that the site's document root is the folder pub of Magento."),
        _("On Apache see that pub/.htaccess is there and read (AllowOverride All, mod_rewrite); on nginx "
          "include Magento's nginx.conf.sample."),
        _("Open https://%(host)s%(path)s/store/storeConfigs in a browser: an answer in JSON or XML shows "
          "that it works.") % {"host": guest.host, "path": guest.path},
    )  # fmt: skip


def _magento_fault() -> Fix:
    return panel(
        _("Find the fault in Magento"),
        _("On the shop's server, in Magento's folder."),
        _("Look into var/log/exception.log, var/log/system.log and the newest file in var/report."),
        _("If the database cannot be reached: see that it runs, and that app/etc/env.php names it."),
        _("If it began with an update, run bin/magento setup:upgrade and bin/magento cache:flush."),
    )
