"""Changes to Apache 2.4 that let a hub through: on the interface's path, for the hub alone.

Measured on Apache 2.4.71: an ``<If>`` section is merged last of all, so what it says replaces ``Require``
(also inside ``<Limit>`` and ``<LimitExcept>``), ``Deny from``, ``AllowMethods`` and a password, wherever
those stand, for the requests it matches and for no others. It does not reach rewrite rules: those are
skipped by a rule above them. Both look at the request line, which internal redirects do not change.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.translation import gettext as _

from integrations.access.fixes.records import NO_OTHER_ROUTE, PLAIN_PATH, Fix, Guest, Place
from integrations.access.records import Cause, Diagnosis
from integrations.access.server_log import Kind

CHECK = "apachectl configtest && systemctl reload apache2"
_FOLDERS = "/etc/apache2 /var/www"
_TAKEN_LITERALLY = re.compile(r"[ !#$&()*+,./0-9:;<=>?@A-Z\[\]^_a-z|~-]+")
"""What a User-Agent may be made of to stand between apostrophes in an expression."""


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first. Several ways to refuse look the same from outside: the first whose :attr:`Fix.find` finds
    something is the right one. Empty: it is not Apache's to mend."""
    if not PLAIN_PATH.fullmatch(guest.path):
        return []
    match diagnosis.cause:
        case Cause.HEADER_LOST:
            return _header_lost(guest)
        case Cause.API_NOT_FOUND:
            return _rewriting(guest)
        case Cause.SERVER_FAULT if diagnosis.status == 500:
            return [_broken(diagnosis)]
        case cause if cause in _CONCERNED:
            return _refusing(diagnosis, guest)
        case _:
            return []


_BY_ADDRESS = frozenset({Cause.ADDRESS_RULE, Cause.EVERYBODY_REFUSED})
_CONCERNED = {
    Cause.USER_AGENT_RULE: r"Require (not )?(env|expr)|Deny from env|Allow from env",
    Cause.METHOD_RULE: r"<Limit|AllowMethods|Require (not )?(method|expr)",
    Cause.PATH_RULE: "Require all denied|Deny from all",
    Cause.ADDRESS_RULE: r"Require (not )?(ip|host|forward-dns|local|env|expr)|Deny from|Allow from",
    Cause.EVERYBODY_REFUSED: r"Require (not )?(ip|host|forward-dns|local|env|expr|all denied)|Deny from"
    "|Allow from",
    Cause.SIGN_IN: r"AuthType|Require (valid-user|user|group)",
    Cause.POLITE_BLOCK: r"Require (not )?(env|expr|ip)|Deny from|<Limit",
}
"""Causes that an access rule may have, and what such a rule looks like in the configuration."""


class _Who(NamedTuple):
    """The hub's requests, told from all others."""

    request: str
    """The first line of the request, as a regular expression."""
    sender: str
    """Who asks, as an expression of Apache's."""
    rewritten: str
    """The same as the condition of a rewrite rule."""

    @property
    def expression(self) -> str:
        return f"{_asked(self.request)} && {self.sender}"


def _refusing(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    who = _who(diagnosis, guest)
    if who is None:
        return []
    if diagnosis.product == "LiteSpeed":
        # It reads Apache's rewrite rules; expressions and <If> it does not always know.
        return [_skipped(guest, who)]
    logged = diagnosis.values.get("log") if diagnosis.product == "Apache" else None
    found = [_opened(diagnosis, guest, who.expression, str(logged or ""))]
    if not logged and diagnosis.cause is not Cause.SIGN_IN:
        # Rewrite rules write nothing into the log.
        found.append(_skipped(guest, who))
    return found


def _who(diagnosis: Diagnosis, guest: Guest) -> _Who | None:
    """``None``: nothing tells the hub's requests from others."""
    methods = diagnosis.methods if diagnosis.cause is Cause.METHOD_RULE else ()
    request = _request_line(guest.path, methods)
    if diagnosis.cause in _BY_ADDRESS and guest.addresses:
        networks = " || ".join(f"-R '{network}'" for network in (*guest.addresses, *guest.own_addresses))
        return _Who(request, f"({networks})", f'RewriteCond expr "{networks}"')
    agents = [agent for agent in guest.agents if _TAKEN_LITERALLY.fullmatch(agent)]
    if not agents:
        return None
    words, pattern = ", ".join(f"'{agent}'" for agent in agents), "|".join(map(_literal, agents))
    return _Who(
        request,
        f"%{{HTTP_USER_AGENT}} in {{ {words} }}",
        f'RewriteCond %{{HTTP_USER_AGENT}} "^(?:{pattern})$"',
    )


def _request_line(path: str, methods: Sequence[str] = ()) -> str:
    """Method and path as they were asked; no way around them by ``..``."""
    method = f"(?:{'|'.join(methods)})" if methods else r"\S+"
    onward = NO_OTHER_ROUTE if "/wp-json" in path else ""
    return rf"^{method} (?!\S*(?:\.\.|%2[eE])){onward}{_literal(path)}[/? ]"


def _asked(request: str) -> str:
    return f"%{{THE_REQUEST}} =~ m#{request}#"


def _literal(text: str) -> str:
    """As it stands, in a regular expression between ``#`` and quotation marks."""
    return re.sub(r"[^\w/%:;@,~ -]", lambda match: "\\" + match[0], text)


def _opened(diagnosis: Diagnosis, guest: Guest, condition: str, logged: str) -> Fix:
    allow = [f"    AllowMethods {' '.join(diagnosis.methods)}"]
    require = ["    Require all granted"]
    old = ["    Order allow,deny", "    Allow from all"]
    if logged == Kind.METHODS or (not logged and diagnosis.status == 405):
        lines = allow
    elif logged == Kind.DENY:
        lines = old
    elif logged or diagnosis.cause is Cause.SIGN_IN:
        lines = require
    else:
        lines = [*require, "    <IfModule mod_access_compat.c>", *(f"    {line}" for line in old)]
        lines.append("    </IfModule>")
    return Fix(
        title=_("Let %(hub)s through Apache's access rules, on %(path)s only")
        % {"hub": guest.name, "path": guest.path},
        place=Place.APACHE_HOST,
        where=_(
            "The last lines inside the shop's <VirtualHost>. Where you cannot reach that: the first lines of "
            "the .htaccess in the shop's folder."
        ),
        text="\n".join([f'<If "{condition}">', *lines, "</If>"]) + "\n",
        language="apache",
        find=_grep("" if logged else _CONCERNED[diagnosis.cause]),
        check=CHECK,
        note=_who_else(diagnosis, guest)
        + " "
        + _("The command shows the rule. If it shows none, go on to the next suggestion."),
    )


def _grep(pattern: str) -> str:
    if not pattern:
        return ""
    # Debian's own apache2.conf closes the file system so; that hinders nobody.
    but = "--exclude=apache2.conf " if "all denied" in pattern else ""
    return (
        f"grep -RnEi --include='*.conf' --include=.htaccess --exclude-dir='*-available' "
        f"--exclude-dir=mods-enabled {but}'^[[:space:]]*({pattern})' {_FOLDERS}"
    )


def _who_else(diagnosis: Diagnosis, guest: Guest) -> str:
    if diagnosis.cause in _BY_ADDRESS and guest.addresses:
        if guest.own_addresses:
            return _("It opens this path to %(hub)s's addresses and to ours.") % {"hub": guest.name}
        return _("It opens this path to %(hub)s's addresses; ours may stay refused.") % {"hub": guest.name}
    return _(
        "Anybody can send %(hub)s's User-Agent: whoever does reaches this path, where the shop still asks "
        "for its keys. Other paths stay closed."
    ) % {"hub": guest.name}


# Prints file, line number and text of the first condition of each rule that refuses or goes by a visitor's
# properties. Rules against TRACE are left out: Magento brings them along, and they hinder nobody.
_REWRITE_RULES = (
    f"find -L {_FOLDERS} -name '*-available' -prune -o "
    r"\( -name '*.conf' -o -name .htaccess \) -print0 | xargs -0 -r awk '"
    r'FNR==1{c=0;k=""} '
    r"/^[[:space:]]*RewriteCond/{if(!c)c=FNR;k=k $0} "
    r"/^[[:space:]]*RewriteRule/{if(($0~/[[,](F|G|R=[45][0-9][0-9]|forbidden|gone)[],]/"
    r"||k~/USER_AGENT|REQUEST_METHOD|REMOTE_ADDR/)&&k!~/TRAC/&&$0!~/S=1/)"
    r"""print FILENAME":"(c?c:FNR)":"$0;c=0;k=""}'"""
)


def _skipped(guest: Guest, who: _Who) -> Fix:
    return Fix(
        title=_("Spare %(hub)s the rewrite rule that refuses it, on %(path)s only")
        % {"hub": guest.name, "path": guest.path},
        place=Place.APACHE_ABOVE,
        where=_(
            "Directly above the line that the command shows (the rule's first RewriteCond, or the rule "
            "itself where it has none). Above each of them, where it shows several."
        ),
        text=f'RewriteCond %{{THE_REQUEST}} "{who.request}"\n{who.rewritten}\nRewriteRule ^ - [S=1]\n',
        language="apache",
        find=_REWRITE_RULES,
        check=CHECK,
        note=_(
            "The next rule, and no other, is skipped for %(hub)s's requests. If the command shows nothing, "
            "no rewrite rule is to blame. Rules of a page for maintenance look the same: leave those."
        )
        % {"hub": guest.name},
    )


def _header_lost(guest: Guest) -> list[Fix]:
    path = _asked(_request_line(guest.path))
    note = _(
        "Apache hands a visitor's password to no program unless told to. The shop needs it: it is how "
        "%(hub)s shows its keys."
    ) % {"hub": guest.name}
    return [
        Fix(
            title=_("Keep the header with the keys on %(path)s") % {"path": guest.path},
            place=Place.APACHE_LINE,
            where=_("In place of the line that the command shows, which takes the header away."),
            text=f'RequestHeader unset Authorization "expr=!({path})"\n',
            language="apache",
            find=_grep(r"RequestHeader[[:space:]]+unset[[:space:]]+\"?Authorization\"?[[:space:]]*$"),
            check=CHECK,
            note=_("Elsewhere the header is taken away as before.")
            + " "
            + _("If the command shows nothing, go on to the next suggestion."),
        ),
        Fix(
            title=_("Hand the header with the keys on to the shop, on %(path)s only") % {"path": guest.path},
            place=Place.APACHE_HOST,
            where=_("The last lines inside the shop's <VirtualHost>."),
            text=f'<If "{path}">\n    CGIPassAuth On\n</If>\n',
            language="apache",
            check=CHECK,
            note=f"{note} "
            + _("For PHP as CGI or by PHP-FPM; mod_fcgid needs FcgidPassHeader Authorization instead."),
        ),
        Fix(
            title=_("Hand the header with the keys on to the shop, by its .htaccess"),
            place=Place.HTACCESS,
            where=_("The first line of the .htaccess in the shop's folder."),
            text='SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1\n',
            language="apache",
            note=f"{note} "
            + _("It works at once. The server must read this file (AllowOverride FileInfo or All)."),
        ),
    ]


_KEEP_HEADER = "E=HTTP_AUTHORIZATION:%{HTTP:Authorization}"
_FRONT_DOORS = {
    "woocommerce": ("wp-json", f"RewriteRule ^wp-json(/|$) index.php [{_KEEP_HEADER},END]"),
    "magento": ("rest", f"RewriteRule ^rest(/|$) index.php [{_KEEP_HEADER},END]"),
    "prestashop": (
        "api",
        f"RewriteRule ^api/?(.*)$ webservice/dispatcher.php?url=$1 [QSA,{_KEEP_HEADER},END]",
    ),
}
"""Which file of a shop answers for its interface, as the shop's own .htaccess says."""


def _rewriting(guest: Guest) -> list[Fix]:
    door = _FRONT_DOORS.get(guest.platform)
    if door is None:
        return []
    return [
        Fix(
            title=_("Lead /%(path)s to the shop again") % {"path": door[0]},
            place=Place.HTACCESS,
            where=_("The first lines of the .htaccess in the shop's folder."),
            text=f"RewriteEngine On\n{door[1]}\n",
            language="apache",
            note=_(
                "For shops whose .htaccess was lost or emptied. It works at once where the server reads this "
                "file (AllowOverride FileInfo or All) and has mod_rewrite (a2enmod rewrite)."
            ),
        )
    ]


def _broken(diagnosis: Diagnosis) -> Fix:
    message = str(diagnosis.values.get("message") or "")
    steps = (
        _("Run the command: it shows the file that Apache does not understand, and which word in it."),
        _("Correct that line, or put a # in front of it."),
        _("Ask for the shop's front page: it must open again."),
    )
    return Fix(
        title=_("Mend the .htaccess that Apache does not understand"),
        place=Place.PANEL,
        where=_("In the file that the server's error log names."),
        steps=(_("Open this file: %(message)s") % {"message": message}, *steps[1:]) if message else steps,
        find="" if message else "grep -hF '.htaccess: ' /var/log/apache2/*error*.log | tail -n 3",
        note=_(
            "Nobody reaches the shop while this lasts. A directive that needs a missing module can stand "
            "between <IfModule> and </IfModule>."
        ),
    )
