"""Lines of nginx' configuration that let one guest pass, and commands that find the lines concerned.

``set``, ``if``, ``return`` and ``break`` are run in the order they are written: ``break`` ends that run,
first in ``server``, then anew in ``location`` (nginx' documentation of its rewrite module; measured on
1.22). So lines above a rule spare from it whom they fit, and nobody else.
"""

import re
from collections.abc import Sequence

from integrations.access.fixes.records import Guest
from integrations.http import USER_AGENT

CHECK = "nginx -t && systemctl reload nginx"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LITERAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 /;:,_=@~-")
_ESCAPED = frozenset(".()+*?[]{}|^$")
_OURS = USER_AGENT.partition("/")[0] + r"/[0-9.]+"


def escaped(text: str) -> str:
    """A text as a regular expression that fits only it and needs no further quoting inside ``"..."``."""
    signs: list[str] = []
    for sign in text:
        if sign in _LITERAL:
            signs.append(sign)
        elif sign in _ESCAPED:
            signs.append("\\" + sign)
        else:
            signs.extend(f"\\x{byte:02x}" for byte in sign.encode())
    return "".join(signs)


def agents_pattern(agents: Sequence[str], *, ours: bool = False) -> str:
    """Fits these User-Agents, letter by letter, and with ``ours`` Syncwatch's of any version."""
    patterns = [escaped(agent) for agent in agents]
    if ours:
        patterns.append(_OURS)
    return f"(?:{'|'.join(patterns)})"


def path_pattern(path: str) -> str:
    """Fits request addresses at and below a path.

    They are taken as they were sent, for a rewritten one has lost its path; so dots and escapes that
    might lead out of it again are kept out.
    """
    return escaped(path) + r"(?![^?]*(?:\.\.|%))(?:[/?]\S*)?$"


def one_of(words: Sequence[str]) -> str:
    return "^(?:" + "|".join(words) + ")$"


def is_guest(guest: Guest, *, methods: Sequence[str] = (), ours: bool = True) -> str:
    """Lines after which ``$syncwatch_guest`` is ``hub path`` for the guest at its path, and for nobody else.

    ``methods``: only for these; empty: for all. ``ours``: Syncwatch too is a guest, which reads and
    writes at the same place.
    """
    agents = agents_pattern(guest.agents, ours=ours)
    lines = [
        "# The hub, and only at the shop's interface.",
        'set $syncwatch_guest "";',
        f'if ($http_user_agent ~ "^{agents}$") {{ set $syncwatch_guest "hub"; }}',
        f'if ($request_uri ~ "^{path_pattern(guest.path)}") '
        '{ set $syncwatch_guest "$syncwatch_guest path"; }',
    ]
    if methods:
        lines.append(f'if ($request_method !~ "{one_of(methods)}") {{ set $syncwatch_guest ""; }}')
    return "\n".join(lines)


def spared(guest: Guest, *, methods: Sequence[str] = (), ours: bool = True) -> str:
    """Lines that spare the guest from the rules below them in the same block."""
    return is_guest(guest, methods=methods, ours=ours) + '\nif ($syncwatch_guest = "hub path") { break; }'


def opened_methods(guest: Guest, methods: Sequence[str], *, in_one_line: bool) -> str:
    """In place of a ``limit_except`` line: more methods, and those only for the guest at its path."""
    return "\n".join(
        (
            is_guest(guest),
            f'if ($request_method !~ "{one_of(methods)}") {{ set $syncwatch_guest "hub path"; }}',
            'if ($syncwatch_guest != "hub path") { return 403; }',
            f"limit_except {' '.join(METHODS)} {{" + (" deny all; }" if in_one_line else ""),
        )
    )


def no_password(guest: Guest, realm: str) -> str:
    """In place of an ``auth_basic`` line: nobody is asked for a password who is the guest at its path."""
    return "\n".join(
        (
            is_guest(guest),
            f'set $syncwatch_realm "{realm}";',
            'if ($syncwatch_guest = "hub path") { set $syncwatch_realm "off"; }',
            "auth_basic $syncwatch_realm;",
        )
    )


def to_the_shop(guest: Guest) -> str:
    """Lines that send the guest on to the shop from a location that is closed to everybody; empty: how this
    platform is reached inside nginx is not known.

    WordPress and Magento read the address that was asked for themselves, whatever file they are called by.
    """
    onward = {
        "woocommerce": "rewrite ^ /index.php last;",
        "magento": "rewrite ^ /index.php last;",
        "prestashop": "rewrite ^/api/?(.*)$ /webservice/dispatcher.php?url=$1 last;",
    }.get(guest.platform)
    return f'{is_guest(guest)}\nif ($syncwatch_guest = "hub path") {{ {onward} }}' if onward else ""


def unlimited(guest: Guest) -> str:
    """Commands after which limits that count by address do not count the guest at its path."""
    path = path_pattern(guest.path)
    if guest.addresses:
        networks = "\n".join(f"    {network} hub;" for network in (*guest.addresses, *guest.own_addresses))
        who = f'geo $syncwatch_from {{\n    default "";\n{networks}\n}}\n'
        what, pattern = "$syncwatch_from $request_uri", f"~^hub {path}"
    else:
        who = ""
        agents = agents_pattern(guest.agents, ours=True)
        what, pattern = "$http_user_agent $request_uri", f"~^{agents} {path}"
    keys = f'    default $binary_remote_addr;\n    "{pattern}" "";\n'
    counted = r"limit_(req|conn)_zone\s+\$binary_remote_addr"
    return (
        "cat > /etc/nginx/conf.d/syncwatch-limit.conf <<'END'\n"
        f'{who}map "{what}" $syncwatch_limit_key {{\n{keys}}}\n'
        "END\n"
        r"nginx -T 2>/dev/null | sed -n 's/^# configuration file \(.*\):$/\1/p' | "
        f"xargs -d '\\n' grep -lE '{counted}' | "
        r"xargs -d '\n' sed -i --follow-symlinks -E "
        r"'s/(limit_(req|conn)_zone\s+)\$binary_remote_addr/\1$syncwatch_limit_key/'"
    )


def allowed(networks: Sequence[str]) -> str:
    return "\n".join(f"allow {network};" for network in networks)


def find_lines(pattern: str) -> str:
    """Prints file, number and text of the lines that fit, comments left out."""
    return _of_all_lines(f"/^[^#]*{pattern}/ {{ {_PRINT} }}")


def find_refusing_if(status: int | None, others: str) -> str:
    """Prints each ``if`` line whose block returns ``status``, unless its condition is one of ``others``.

    ``others``: a regular expression for what follows a ``$``. No status: 444, which hangs up. A status
    that ``if`` does not usually give: any from 400 to 499.
    """
    code = "444" if status is None else str(status) if 400 <= status < 500 else "4[0-9][0-9]"
    return _of_all_lines(
        rf'/^[^#]*if[ \t]*\(/ {{ at = $0 ~ /\$({others})/ ? "" : {_HERE} }} '
        rf'at != "" && /^[^#]*return[ \t]+{code}/ {{ print at; at = "" }} '
        '/}/ { at = "" }'
    )


def find_first_deny(guest: Guest) -> str:
    """Prints the first ``deny`` line of each block that is a whole shop's or the interface's."""
    return _of_all_lines(
        r"/^[^#]*\{/ { block = $0 } "
        rf"/^[^#]*deny[ \t]/ && (block !~ /limit_except|location|done/ || block ~ /{_closes(guest)}/) "
        f'{{ {_PRINT}; block = "done" }} '
        r'/^[^#]*\}/ { block = "" }'
    )


def find_closing_lines(guest: Guest) -> str:
    """Prints what refuses everybody (``deny all``, ``return 403``) in locations for the interface."""
    return _of_all_lines(
        rf"/^[^#]*\{{/ {{ at = $0 ~ /{_closes(guest)}/ }} "
        rf"at && /^[^#]*(deny[ \t]+all|return[ \t]+4[0-9][0-9])[ \t]*;/ {{ {_PRINT}; at = 0 }} "
        "/}/ { at = 0 }"
    )


def _closes(guest: Guest) -> str:
    """Fits the opening line of a location that names a part of the interface's path, or its orders."""
    parts = [re.sub(r"[^\w-]", ".", part) for part in guest.path.split("/") if part]
    return rf"location[ \t].*\/?({'|'.join((*parts, 'orders'))})"


def find_first_of_geo() -> str:
    """Prints the first line inside each ``geo`` block."""
    return _of_all_lines(f"inside {{ {_PRINT}; inside = 0 }} " r"/^[^#]*geo[ \t].*\{[ \t]*$/ { inside = 1 }")


_HERE = 'file ":" line ": " $0'
_PRINT = f"print {_HERE}"


def _of_all_lines(awk: str) -> str:
    """Runs over the configuration as nginx reads it, wherever its files lie, lines numbered by file."""
    numbered = (
        '/^# configuration file / { file = $0; sub(/^# configuration file /, "", file); sub(/:$/, "", file); '
        'line = 0; at = ""; next } { line++ }'
    )
    return f"nginx -T 2>/dev/null | awk '{numbered} {awk}'"
