"""What to change inside WordPress: in security plug-ins, in its permalinks, in its maintenance."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from integrations.access.fixes import php
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.fixes.steps import addresses, after_maintenance, agents, networks, panel
from integrations.access.records import Cause, Diagnosis, Subject


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first; empty: it is nothing of WordPress."""
    match diagnosis.cause:
        case Cause.HEADER_LOST:
            return [_rewrite_rules(guest, _header_note())]
        case Cause.API_NOT_FOUND:
            return [_permalinks()]
        case Cause.API_OFF:
            return _closed_interface()
        case Cause.MAINTENANCE:
            return _maintenance(guest)
        case Cause.APPLICATION_FAULT:
            return [_fault()]
        case _:
            return _PLUGINS.get(diagnosis.product, _some_plugin)(diagnosis, guest)


def _wordfence(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """(wordfence.com/help/firewall/options)"""
    allow = panel(
        _("Allow the addresses of %(hub)s in Wordfence") % {"hub": guest.name},
        _("In WordPress' administration."),
        _("Open Wordfence > Firewall > All Firewall Options > Advanced Firewall Options."),
        _('Find "Allowlisted IP addresses that bypass all rules".'),
        addresses(guest),
        _("Save the changes."),
        note=_("It opens the whole site to these addresses, not only the shop's interface."),
    )
    if diagnosis.subject is Subject.RATE or diagnosis.cause is Cause.RATE_LIMIT:
        limits = panel(
            _("Or raise Wordfence's limits"),
            _("In WordPress' administration."),
            _("Open Wordfence > Firewall > All Firewall Options > Rate Limiting."),
            _("Raise the limits of requests in a minute, above all for crawlers, so that a hub that fetches "
              "many orders stays below them."),
        )  # fmt: skip
        return [allow, limits]
    if diagnosis.subject is Subject.USER_AGENT:
        pattern = panel(
            _("Take %(hub)s out of Wordfence's blocking pattern") % {"hub": guest.name},
            _("In WordPress' administration."),
            _("Open Wordfence > Blocking."),
            _("Look for a custom pattern with a User-Agent that matches %(agents)s, and delete it or make it "
              "narrower.") % {"agents": agents(guest)},
        )  # fmt: skip
        return [pattern, allow]
    return [allow]


def _ninja_firewall(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """(blog.nintechnet.com/ninjafirewall-wp-edition-the-htninja-configuration-file)"""
    known = networks(guest)
    if not known:
        return [_by_address("NinjaFirewall", guest)]
    return [
        Fix(
            title=_("Let %(hub)s through NinjaFirewall to the shop's interface") % {"hub": guest.name},
            place=Place.PHP,
            where=_(
                "A file named .htninja in the folder above the site's document root. If it is there already, "
                "add what follows its first line."
            ),
            text=php.ninja_file(known, guest.path),
            language="php",
            note=_("It opens only the shop's interface, and only to the addresses of %(hub)s.")
            % {"hub": guest.name},
        )
    ]


def _some_plugin(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    return [_by_address(diagnosis.product, guest)]


def _by_address(product: str, guest: Guest) -> Fix:
    name = product or _("the security plug-in")
    return panel(
        _("Allow the addresses of %(hub)s in %(plugin)s") % {"hub": guest.name, "plugin": name},
        _("In WordPress' administration, in the plug-in's own pages."),
        _("Look up in the plug-in's log which rule refused the request.")
        if product
        else _("Look among the plug-ins for those that protect the site; their logs show which one refused."),
        _("Look for its list of allowed addresses (allow list, bypass list, white list)."),
        addresses(guest),
        note=_(
            "If the plug-in can allow a path, allow %(path)s to these addresses rather than the whole site."
        )
        % {"path": guest.path},
    )


_PLUGINS: dict[str, Callable[[Diagnosis, Guest], list[Fix]]] = {
    "Wordfence": _wordfence,
    "NinjaFirewall": _ninja_firewall,
}


def _closed_interface() -> list[Fix]:
    """``rest_cannot_access`` and its like: plug-ins that close the REST API to visitors without a session."""
    setting = panel(
        _("Open the shop's routes in the plug-in that closes the REST API"),
        _("In WordPress' administration."),
        _('Look for a plug-in or a setting about the REST API ("Disable REST API" has a page of that name '
          "under Settings; security plug-ins have it among their options)."),
        _("Allow the routes that begin with /wc/ to whoever is not signed in. The rest may stay closed."),
        note=_("WooCommerce asks for its own key on these routes: nothing becomes public."),
    )  # fmt: skip
    file = Fix(
        title=_("Or exempt the shop's interface by a file, whichever plug-in it is"),
        place=Place.PHP,
        where=_("A new file open-shop-interface.php in wp-content/mu-plugins (make that folder)."),
        text=php.open_interface("/wc"),
        language="php",
        note=_("WooCommerce still asks for its own key. It does not help against a plug-in that removes the "
               "routes altogether."),
    )  # fmt: skip
    return [setting, file]


def _permalinks() -> Fix:
    return panel(
        _("Switch permalinks on"),
        _("In WordPress' administration."),
        _("Open Settings > Permalinks."),
        _('If "Plain" is chosen, choose another structure. If not, change nothing.'),
        _("Press Save Changes: WordPress writes its rewrite rules anew."),
        note=_("The interface at /wp-json/ exists only with permalinks. Where the server is nginx, its "
               "configuration must also hand unknown paths to index.php (try_files ... /index.php?$args)."),
    )  # fmt: skip


def _rewrite_rules(guest: Guest, note: str) -> Fix:
    return panel(
        _("Have WordPress write the rule that hands the header on"),
        _("In WordPress' administration; where the server is Apache or LiteSpeed."),
        _("Open Settings > Permalinks and press Save Changes, without changing anything."),
        _("See that .htaccess now holds, inside the block of WordPress: %(line)s")
        % {"line": "RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]"},
        _("Examine again whether the key of %(hub)s arrives.") % {"hub": guest.name},
        note=note,
    )


def _header_note() -> str:
    return _("WordPress writes this line since version 5.6; an older or hand-made .htaccess lacks it.")


def _maintenance(guest: Guest) -> list[Fix]:
    stuck = Fix(
        title=_("End WordPress' maintenance if an update got stuck"),
        place=Place.SHELL,
        where=_("On the shop's server, in WordPress' folder, if nobody is updating the shop now."),
        text="rm .maintenance\n",
        language="shell",
        find="ls -l .maintenance",
        note=_("WordPress ends its own maintenance after ten minutes. ") + after_maintenance(guest),
    )
    plugin = panel(
        _("Or let the shop's interface through the maintenance plug-in"),
        _("In WordPress' administration."),
        _('Look for the plug-in that shows the page ("maintenance", "coming soon").'),
        _("Exempt %(path)s from it, or end the maintenance when the work is done.") % {"path": guest.path},
        note=after_maintenance(guest),
    )
    return [stuck, plugin]


def _fault() -> Fix:
    return panel(
        _("Find the fault in WordPress"),
        _("In WordPress' administration, or on the shop's server."),
        _("Open WooCommerce > Status > Logs and look for fatal errors of today."),
        _("Without access to the administration, look into PHP's error log on the server."),
        _("If the database cannot be reached: see that it runs, and that wp-config.php names it."),
        _("If it began with an update, deactivate that plug-in and tell its maker."),
    )
