"""Changes to nginx that let a hub through: for its interface only, and where a rule goes by User-Agent or
method for exactly its User-Agents. No rule is switched off."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from integrations.access.fixes import nginx_text as text
from integrations.access.fixes.records import Fix, Guest, Place
from integrations.access.records import Cause, Diagnosis, Subject

_REALM = re.compile(r'realm="([^"$\\\s][^"$\\]{0,60})"')
_OTHER_THAN_AGENT = "request_method|request_uri|uri|remote_addr|scheme|https|host"
_OTHER_THAN_METHOD = "http_user_agent|request_uri|uri|remote_addr|scheme|https|host"
_OTHER_THAN_PATH = "http_user_agent|request_method|remote_addr|scheme|https|host"
_OF_SOME = r"(http_user_agent|request_method)[ \t]+[=~]"
"""A condition that fits some; what refuses everybody is its opposite (``!~``) or about something else."""


def fixes(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """Best first; whoever makes the change takes the first whose ``find`` finds something.

    Empty too where the interface's path or the hub's User-Agents are not known: too much would be opened.
    """
    make = _BY_CAUSE.get(diagnosis.cause)
    if make is None or not guest.path or not guest.agents:
        return []
    found = make(diagnosis, guest)
    if len(found) < 2:
        return found
    following = _("If it finds nothing, the next change is the right one.")
    guesses = [replace(fix, where=f"{fix.where} {following}", is_guess=True) for fix in found[:-1]]
    return [*guesses, replace(found[-1], is_guess=True)]


def _agent_rule(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    title = _("Spare %(hub)s from nginx' rule against its User-Agent") % {"hub": guest.name}
    return _above_if(diagnosis, guest, title, _OTHER_THAN_AGENT, about="http_user_agent", ours=False)


def _method_rule(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    methods = tuple(m for m in diagnosis.methods if m in text.METHODS)
    if not methods:
        return []
    title = _("Let %(hub)s's %(methods)s through nginx") % {"hub": guest.name, "methods": ", ".join(methods)}
    rule = _above_if(diagnosis, guest, title, _OTHER_THAN_METHOD, about="request_method", methods=methods)
    if diagnosis.status != 403:
        return rule
    note = _(
        "Elsewhere, and for others, these methods stay refused with 403. If the block holds `allow` lines, "
        "the addresses in them are treated like everybody else from now on."
    )
    limits = [
        _line(title, text.opened_methods(guest, methods, in_one_line=one), found, f"{note} {_can_say()}")
        for one, found in (
            (False, r"limit_except[^{}]*\{"),
            (True, r"limit_except[^{}]*\{[^}]*\}"),
        )
    ]
    return [*limits, *rule]


def _hung_up(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """A connection closed without a word, or a page where data was due: also an ``if``, with another end."""
    if diagnosis.subject is Subject.METHOD:
        return _method_rule(diagnosis, guest)
    if diagnosis.subject is Subject.ADDRESS:
        return _address_rule(diagnosis, guest)
    if diagnosis.subject is Subject.USER_AGENT:
        return _agent_rule(diagnosis, guest)
    return _general_rule(diagnosis, guest)


def _path_rule(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    return [*_closed_location(guest), *_general_rule(diagnosis, guest, _OTHER_THAN_PATH)]


def _everybody(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    """By place, by address, or by something that nobody can see from outside."""
    by_address = _address_rule(diagnosis, guest)
    return [*_closed_location(guest), *_general_rule(diagnosis, guest), *by_address]


def _closed_location(guest: Guest) -> list[Fix]:
    onward = text.to_php(guest)
    if not onward:
        return []
    note = _("For everybody else the place stays closed. It is for a shop whose PHP is run by nginx.")
    return [
        _above(
            _("Lead %(hub)s through the place that nginx closes") % {"hub": guest.name},
            _(
                "Directly above each line that the command finds: it closes a location that is about "
                "the interface."
            ),
            text.spared(guest, by=onward),
            text.find_closing_lines(guest),
            f"{note} {_can_say()}",
        )
    ]


def _address_rule(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    networks = guest.addresses if diagnosis.is_inferred else (*guest.addresses, *guest.own_addresses)
    if not networks:
        return [_unknown_addresses(guest)]
    whole = _allow(guest, networks, text.find_first_deny(guest))
    listed = _above(
        _("Allow %(hub)s's addresses in nginx") % {"hub": guest.name},
        _(
            "Directly above the line that the command finds, in the list of addresses by which the shop is "
            "closed. The nearest network of the list counts."
        ),
        "\n".join(f"{network} 0;" for network in networks),
        text.find_first_of_geo(),
        _("Only where 0 stands for those who may pass in this list. Addresses can change: ask the hub."),
    )
    if "GET" in diagnosis.methods or not diagnosis.methods:
        return [whole, listed]
    return [_allow(guest, networks, text.find_first_deny_of_methods()), whole, listed]


def _allow(guest: Guest, networks: Sequence[str], find: str) -> Fix:
    return _above(
        _("Allow %(hub)s's addresses in nginx") % {"hub": guest.name},
        _(
            "Directly above each line that the command finds in the shop's configuration: nginx takes the "
            "first `allow` or `deny` that fits."
        ),
        text.allowed(networks),
        find,
        _("It opens whatever this block is for, to these addresses only. They can change: ask the hub."),
    )


def _unknown_addresses(guest: Guest) -> Fix:
    return Fix(
        title=_("Allow %(hub)s's addresses in nginx") % {"hub": guest.name},
        place=Place.PANEL,
        where=_("In the shop's configuration of nginx."),
        steps=(
            _("Ask %(hub)s from which addresses it calls shops: they are not known here.")
            % {"hub": guest.name},
            _("Write `allow ADDRESS;` for each above the first line that the command finds."),
            _("Run: %(command)s") % {"command": text.CHECK},
        ),
        find=text.find_first_deny(guest),
        check=text.CHECK,
    )


def _sign_in(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    title = _("Ask %(hub)s for no password in front of the shop") % {"hub": guest.name}
    note = _("Visitors are still asked for the password.") + " " + _can_say()
    realm = _REALM.search(str(diagnosis.values.get("realm", "")))
    # "off" as a realm would switch the password off for everybody.
    prompt = realm[1] if realm and realm[1].lower() != "off" else "Restricted"
    onward = text.to_php(guest)
    found = [
        _instead(title, text.no_password(guest, prompt), text.find_password(guest), note),
        _above(
            title,
            _("Directly above each line that the command finds, in the location that decides who may pass."),
            text.spared(guest, by="return 204;"),
            text.find_first_of_sign_in(),
            note,
        ),
    ]
    if onward:
        lines = text.no_password(guest, prompt, onward)
        found.insert(0, _instead(title, lines, text.find_password(guest, by_try_files=True), note))
    networks = (*guest.addresses, *guest.own_addresses)
    if networks:
        found.append(_allow(guest, networks, text.find_satisfy_any(guest)))
    if diagnosis.subject in (Subject.USER_AGENT, Subject.METHOD):
        return [*_hung_up(diagnosis, guest), *found]
    return found


def _rate_limit(_diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    note = _(
        "Everybody else stays limited as before; it concerns limits that count by address. "
        "nginx takes the new count only when it is started anew, not when it is reloaded."
    )
    return [
        Fix(
            title=_("Do not count %(hub)s's requests in nginx' limit") % {"hub": guest.name},
            place=Place.SHELL,
            where=_("On the shop's server, as root."),
            text=text.unlimited(guest),
            language="shell",
            find=text.find_lines(r"limit_(req|conn)_zone[ \t]+\$binary_remote_addr"),
            check="nginx -t && systemctl restart nginx",
            note=note if guest.addresses else f"{note} {_can_say()}",
        )
    ]


def _header_lost(_diagnosis: Diagnosis, _guest: Guest) -> list[Fix]:
    title = _("Hand the Authorization header on to the shop")
    note = _("The shop reads the keys that callers send, as it does without nginx; nothing else is opened.")
    handed = "fastcgi_param HTTP_AUTHORIZATION $http_authorization;"
    return [
        _line(
            title,
            "proxy_set_header Authorization $http_authorization;",
            r"proxy_set_header[ \t]+[Aa]uthorization[ \t][^;]*;",
            note,
        ),
        _line(title, handed, r"fastcgi_param[ \t]+HTTP_AUTHORIZATION[ \t][^;]*;", note),
        _above(
            title,
            _("Directly above each line that the command finds, where PHP is run."),
            handed,
            text.find_lines(r"fastcgi_pass[ \t]"),
            note,
        ),
    ]


def _content_rule(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    if diagnosis.status != 413:
        return _general_rule(diagnosis, guest)
    title = _("Let %(hub)s's messages be as large as they are") % {"hub": guest.name}
    note = _("Only limits below 1 MB are found; 8 MB is PHP's own usual limit.")
    return [_line(title, "client_max_body_size 8m;", r"client_max_body_size[ \t]+[0-9]+[kK]?;", note)]


def _server_fault(diagnosis: Diagnosis, guest: Guest) -> list[Fix]:
    if diagnosis.status not in (502, 504):
        return _general_rule(diagnosis, guest)
    return [
        Fix(
            title=_("Start what nginx hands requests on to"),
            place=Place.PANEL,
            where=_("On the shop's server."),
            steps=(
                _("Run the command: each line names the address (upstream) that did not answer, and why."),
                _(
                    "Start or repair what listens there (PHP-FPM, Apache, a container); "
                    "nginx itself needs no change."
                ),
            ),
            find="grep -E 'upstream|connect\\(\\)' /var/log/nginx/error.log | tail -n 20",
        )
    ]


def _general_rule(diagnosis: Diagnosis, guest: Guest, others: str = _OF_SOME) -> list[Fix]:
    title = _("Spare %(hub)s from nginx' rule") % {"hub": guest.name}
    return _above_if(diagnosis, guest, title, others)


def _above_if(
    diagnosis: Diagnosis,
    guest: Guest,
    title: str,
    others: str,
    *,
    about: str = "",
    methods: Sequence[str] = (),
    ours: bool = True,
) -> list[Fix]:
    """Above a rule: on to PHP where nginx finds that by ``try_files``, else on in the same block."""
    path = {"path": guest.path}
    narrow = _("It spares exactly these User-Agents on %(path)s from the rules below it.") % path
    skipped = _(
        "`rewrite` lines below it in the same block are skipped too: if the interface needs one, write it "
        "before `break;`."
    )
    where = _(
        "Directly above each line that the command finds in the shop's configuration: one of them is the "
        "rule that refuses."
    )
    onward = text.to_php(guest)
    handed_on = _above(
        _("%(title)s, where nginx hands the shop's requests on") % {"title": title} if onward else title,
        where,
        text.spared(guest, methods=methods, ours=ours),
        text.find_refusing_if(diagnosis.status, others, about=about),
        f"{narrow} {skipped} {_can_say()}",
    )
    if not onward:
        return [handed_on]
    by_php = _("It is for a shop whose PHP is run by nginx; one that is handed on takes the next change.")
    run_here = _above(
        _("%(title)s, where nginx runs the shop's PHP") % {"title": title},
        where,
        text.spared(guest, methods=methods, ours=ours, by=onward),
        text.find_refusing_if(diagnosis.status, others, about=about, by_try_files=True),
        f"{narrow} {by_php} {_can_say()}",
    )
    return [run_here, handed_on]


def _above(title: str, where: str, lines: str, find: str, note: str) -> Fix:
    return Fix(
        title=title,
        place=Place.NGINX_ABOVE,
        where=where,
        text=lines,
        language="nginx",
        find=find,
        check=text.CHECK,
        note=note,
    )


def _line(title: str, lines: str, pattern: str, note: str) -> Fix:
    return _instead(title, lines, text.find_directives(pattern), note)


def _instead(title: str, lines: str, find: str, note: str) -> Fix:
    return Fix(
        title=title,
        place=Place.NGINX_LINE,
        where=_("In place of each line that the command finds in the shop's configuration."),
        text=lines,
        language="nginx",
        find=find,
        check=text.CHECK,
        note=note,
    )


def _can_say() -> str:
    return _("Anybody can send this User-Agent; who does still needs a key of the shop.")


_BY_CAUSE: dict[Cause, Callable[[Diagnosis, Guest], list[Fix]]] = {
    Cause.USER_AGENT_RULE: _agent_rule,
    Cause.METHOD_RULE: _method_rule,
    Cause.DROPPED: _hung_up,
    Cause.CLOSED_EARLY: _hung_up,
    Cause.POLITE_BLOCK: _hung_up,
    Cause.PATH_RULE: _path_rule,
    Cause.ADDRESS_RULE: _address_rule,
    Cause.EVERYBODY_REFUSED: _everybody,
    Cause.SIGN_IN: _sign_in,
    Cause.RATE_LIMIT: _rate_limit,
    Cause.HEADER_LOST: _header_lost,
    Cause.CONTENT_RULE: _content_rule,
    Cause.SERVER_FAULT: _server_fault,
}
