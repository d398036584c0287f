"""Lines of nginx' configuration that let one guest pass, and commands that find the lines concerned.

``set``, ``if``, ``return`` and ``break`` are run in the order they are written: ``break`` ends that run,
first in ``server``, then anew in ``location`` (nginx' documentation of its rewrite module; measured on
1.22). So lines above a rule spare from it whom they fit, and nobody else.
"""

from collections.abc import Sequence

from integrations.access.fixes.records import Guest
from integrations.http import USER_AGENT

FOLDER = "/etc/nginx"
CHECK = "nginx -t && systemctl reload nginx"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LITERAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 /;:,_=@~-")
_ESCAPED = frozenset(".()+*?[]{}|^$")


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


def agents_pattern(agents: Sequence[str]) -> str:
    """Fits these User-Agents, letter by letter."""
    return "(?:" + "|".join(escaped(agent) for agent in agents) + ")"


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
    agents = (*guest.agents, USER_AGENT) if ours else guest.agents
    lines = [
        "# The hub, and only at the shop's interface.",
        'set $syncwatch_guest "";',
        f'if ($http_user_agent ~ "^{agents_pattern(agents)}$") {{ set $syncwatch_guest "hub"; }}',
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


def unlimited(guest: Guest) -> str:
    """Commands after which limits that count by address do not count the guest at its path."""
    path = path_pattern(guest.path)
    if guest.addresses:
        networks = "\n".join(f"    {network} hub;" for network in (*guest.addresses, *guest.own_addresses))
        who = f'geo $syncwatch_from {{\n    default "";\n{networks}\n}}\n'
        what, pattern = "$syncwatch_from $request_uri", f"~^hub {path}"
    else:
        who = ""
        agents = agents_pattern((*guest.agents, USER_AGENT))
        what, pattern = "$http_user_agent $request_uri", f"~^{agents} {path}"
    keys = f'    default $binary_remote_addr;\n    "{pattern}" "";\n'
    return (
        f"cat > {FOLDER}/conf.d/syncwatch-limit.conf <<'END'\n"
        f'{who}map "{what}" $syncwatch_limit_key {{\n{keys}}}\n'
        "END\n"
        rf"grep -rlE 'limit_(req|conn)_zone\s+\$binary_remote_addr' {FOLDER} | xargs "
        r"sed -i -E 's/(limit_(req|conn)_zone\s+)\$binary_remote_addr/\1$syncwatch_limit_key/'"
    )


def allowed(networks: Sequence[str]) -> str:
    return "\n".join(f"allow {network};" for network in networks)


def find_lines(pattern: str) -> str:
    """Prints file, number and text of lines that fit, comments left out."""
    return rf"grep -rnE '^[^#]*{pattern}' {FOLDER}"


def find_refusing_if(status: int | None, others: str) -> str:
    """Prints each ``if`` line whose block returns ``status``, unless its condition names one of ``others``.

    No status: 444, which hangs up. A status that ``if`` does not usually give: any from 400 to 499.
    """
    code = "444" if status is None else str(status) if 400 <= status < 500 else "4[0-9][0-9]"
    skipped = rf" && !/\$({others})/" if others else ""
    return (
        f"find {FOLDER} -type f -exec awk '"
        'FNR == 1 { at = "" } '
        rf'/^[^#]*if[ \t]*\(/ {{ at = ""; if (1{skipped}) at = FILENAME ":" FNR ": " $0 }} '
        rf'at != "" && /^[^#]*return[ \t]+{code}/ {{ print at; at = "" }} '
        r'/}/ { at = "" }'
        "' {} +"
    )


def find_first_deny() -> str:
    """Prints the first ``deny`` line of each block that is a whole shop's, not one of files or methods."""
    return (
        f"find {FOLDER} -type f -exec awk '"
        'FNR == 1 { block = "" } '
        r"/^[^#]*\{/ { block = $0 } "
        r"/^[^#]*deny[ \t]/ && block !~ /limit_except|location[ \t]+~|done/ "
        '{ print FILENAME ":" FNR ": " $0; block = "done" } '
        r'/^[^#]*\}/ { block = "" }'
        "' {} +"
    )


def find_closed_locations() -> str:
    """Prints the locations that refuse everybody, with a few lines around."""
    locations = rf"grep -rnE -A4 '^[^#]*location[[:space:]]' {FOLDER}"
    return f"{locations} | grep -B4 -E 'deny|return[[:space:]]+4'"


def find_first_of_geo() -> str:
    """Prints the first line inside each ``geo`` block."""
    return (
        f"find {FOLDER} -type f -exec awk '"
        'FNR == 1 { inside = 0 } inside { print FILENAME ":" FNR ": " $0; inside = 0 } '
        r"/^[^#]*geo[ \t].*\{[ \t]*$/ { inside = 1 }"
        "' {} +"
    )
