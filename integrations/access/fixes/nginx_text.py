"""Lines of nginx' configuration that let one guest pass, and commands that find the lines concerned.

``set``, ``if``, ``return`` and ``break`` are run in the order they are written: ``break`` ends that run,
first in ``server``, then anew in ``location`` (nginx' documentation of its rewrite module; measured on
1.22). So lines above a rule spare from it whom they fit, and nobody else.

An ``if`` that fits leaves the rest of its location behind, ``try_files`` among it (measured: 404 for
everybody who fits). So there is one ``if`` per change, it fits nobody but the guest, and where PHP is
found by ``try_files`` it leads on to PHP itself.
"""

import re
from collections.abc import Sequence

from integrations.access.fixes.records import NO_OTHER_ROUTE, PLAIN_PATH, Guest
from integrations.http import USER_AGENT

CHECK = "nginx -t && systemctl reload nginx"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_LITERAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 /;:,_=@~-")
_ESCAPED = frozenset(".()+*?[]{}|^$")
_OURS = USER_AGENT.partition("/")[0] + r"/[0-9.]+"

_REQUEST = (
    "# The hub, and only at the shop's interface.\n"
    'set $syncwatch_request "$request_method $request_uri $http_user_agent";'
)
_INTERFACES = {"woocommerce": "/wp-json", "magento": "/rest", "prestashop": "/api"}
"""Where each platform's interface begins below the shop's folder."""


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
    """Fits request addresses at and below a path, and those of plug-ins that add to its name (``wc-...``).

    They are taken as they were sent, for a rewritten one has lost its path; so dots and escapes that
    might lead out of it again are kept out.
    """
    onward = NO_OTHER_ROUTE if "/wp-json" in path else ""
    return escaped(path) + r"(?:-[\w-]+)?(?![^?\s]*(?:\.\.|%))" + onward + r"(?:[/?]\S*)?"


def request_pattern(guest: Guest, *, methods: Sequence[str] = (), ours: bool = True) -> str:
    """Fits the guest's requests, written as method, address and User-Agent with blanks between.

    No address has a blank in it, so nobody can move one. ``methods``: only these; empty: all. ``ours``:
    Syncwatch too is a guest, which reads and writes at the same place.
    """
    verbs = f"(?:{'|'.join(methods)})" if methods else r"\S+"
    return f"^{verbs} {path_pattern(guest.path)} {agents_pattern(guest.agents, ours=ours)}$"


def is_guest(guest: Guest) -> str:
    """Lines for ``server`` after which ``$syncwatch_guest`` is ``hub path`` for the guest at its path, and
    for nobody else."""
    return (
        "# The hub, and only at the shop's interface.\n"
        'set $syncwatch_guest "$request_method $request_uri $http_user_agent";\n'
        f'if ($syncwatch_guest ~ "{request_pattern(guest)}") {{ set $syncwatch_guest "hub path"; }}'
    )


def spared(guest: Guest, *, methods: Sequence[str] = (), ours: bool = True, by: str = "break;") -> str:
    """Lines that spare the guest from the rules below them in the same block, or do ``by`` for it."""
    pattern = request_pattern(guest, methods=methods, ours=ours)
    return f'{_REQUEST}\nif ($syncwatch_request ~ "{pattern}") {{ {by} }}'


def opened_methods(guest: Guest, methods: Sequence[str], *, in_one_line: bool) -> str:
    """In place of a ``limit_except`` line: more methods, and those only for the guest at its path."""
    others = f"^(?!(?:{'|'.join(methods)}) )"
    return "\n".join(
        (
            _REQUEST,
            f'if ($syncwatch_request !~ "{others}|{request_pattern(guest)}") {{ return 403; }}',
            f"limit_except {' '.join(METHODS)} {{" + (" deny all; }" if in_one_line else ""),
        )
    )


def no_password(guest: Guest, realm: str, by: str = "") -> str:
    """In place of an ``auth_basic`` line: nobody is asked for a password who is the guest at its path."""
    off = f'set $syncwatch_realm "off"; {by}'.rstrip()
    return f'set $syncwatch_realm "{realm}";\n{spared(guest, by=off)}\nauth_basic $syncwatch_realm;'


def to_php(guest: Guest) -> str:
    """What leads a request for the interface on to the shop's PHP, from wherever it stands; empty: how this
    platform is reached inside nginx is not known.

    WordPress and Magento read the address that was asked for themselves, whatever file they are called by;
    PrestaShop's own rewrite rule is the same as here.
    """
    root = _INTERFACES.get(guest.platform, "")
    folder, found, _rest = guest.path.rpartition(root) if root else ("", "", "")
    if not found or (folder and not PLAIN_PATH.fullmatch(folder)):
        return ""
    if guest.platform == "prestashop":
        return f"rewrite ^{escaped(folder)}/api/?(.*)$ {folder}/webservice/dispatcher.php?url=$1 last; break;"
    return f"rewrite ^(?!{escaped(folder)}/index\\.php$) {folder}/index.php last; break;"


def unlimited(guest: Guest) -> str:
    """Commands after which limits that count by address do not count the guest at its path."""
    path = path_pattern(guest.path)
    if guest.addresses:
        networks = "\n".join(f"    {network} hub;" for network in (*guest.addresses, *guest.own_addresses))
        who = f'geo $syncwatch_from {{\n    default "";\n{networks}\n}}\n'
        what, pattern = "$syncwatch_from $request_uri", f"~^hub {path}$"
    else:
        who = ""
        agents = agents_pattern(guest.agents, ours=True)
        what, pattern = "$http_user_agent $request_uri", f"~^{agents} {path}$"
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


def find_directives(pattern: str) -> str:
    """Prints the lines that hold one directive and nothing else: those can be replaced as a whole."""
    return _of_all_lines(rf"/^[ \t]*{pattern}[ \t]*(#.*)?$/ {{ {_PRINT} }}")


def find_refusing_if(status: int | None, others: str, *, about: str = "", by_try_files: bool = False) -> str:
    """Prints each ``if`` line whose block answers ``status``, unless its condition is one of ``others``, and
    each whose condition is ``about`` what is refused and that answers or leads anywhere.

    ``others``, ``about``: regular expressions for what follows a ``$``. No status: 444, which hangs up.
    Below 300: a page where data was due, be it the block's own or one that stands for any refusal.
    ``by_try_files``: only where PHP is found by it.
    """
    about = rf"$0 ~ /\$({about})/" if about else "0"
    return _of_all_lines(
        rf'/^[^#]*if[ \t]*\(/ {{ at = $0 ~ /\$({others})/ ? "" : {_HERE}; is_it = {about} }} '
        rf'at != "" && (/^[^#]*{_ending(status)}/ || is_it && /^[^#]*(return|rewrite)[ \t]/) '
        '{ found[++n] = at; at = "" } '
        f'/}}/ {{ at = "" }} {_printed(by_try_files)}'
    )


def _printed(by_try_files: bool) -> str:
    """Prints what was found, at the end."""
    seen = r"/^[^#]*try_files[ \t][^;]*index\.php/ { php = 1 } " if by_try_files else ""
    condition = "i <= n && php" if by_try_files else "i <= n"
    return f"{seen}END {{ for (i = 1; {condition}; i++) print found[i] }}"


def _ending(status: int | None) -> str:
    if status is None:
        return r"return[ \t]+444"
    if 300 <= status < 400:
        return r"(return[ \t]+(3|http)|rewrite[ \t].*[ \t](redirect|permanent)[ \t]*;)"
    return rf"return[ \t]+{status}" if status >= 400 else r'return[ \t]+(4[0-9][0-9]|200|["$])'


def find_first_deny(guest: Guest) -> str:
    """Prints the first ``deny`` line of each block through which requests to the interface go."""
    return _of_all_lines(
        r"/^[^#]*\{/ { block = $0 } "
        rf"/^[^#]*deny[ \t]/ && {_concerns(guest)} "
        f'{{ {_PRINT}; block = "limit_except: done" }} '
        r'/^[^#]*\}/ { block = "" }'
    )


def find_first_deny_of_methods() -> str:
    """Prints the first ``deny`` line of each ``limit_except``."""
    return _of_all_lines(
        rf"/^[^#]*limit_except/ {{ inside = 1; next }} inside && /^[^#]*(allow|deny)[ \t]/ {{ {_PRINT}; "
        "inside = 0 } /}/ { inside = 0 }"
    )


def find_password(guest: Guest, *, by_try_files: bool = False) -> str:
    """Prints the ``auth_basic`` lines that concern the interface; none where an address would do as well,
    for without a password only the address is left there."""
    return _of_all_lines(
        r"/^[^#]*\{/ { block = $0 } "
        rf"{{ ours = {_concerns(guest)} }} ours && /^[^#]*satisfy[ \t]+any/ {{ n = -1000000 }} "
        rf"ours && /^[ \t]*auth_basic[ \t]+[^;]*;[ \t]*(#.*)?$/ && !/[ \t]off;/ {{ found[++n] = {_HERE} }} "
        rf'/^[^#]*\}}/ {{ block = "" }} {_printed(by_try_files)}'
    )


def find_satisfy_any(guest: Guest) -> str:
    """Prints ``satisfy any`` where it concerns the interface: a password or an address is enough there."""
    return _of_all_lines(
        r"/^[^#]*\{/ { block = $0 } "
        rf"/^[^#]*satisfy[ \t]+any/ && {_concerns(guest)} {{ {_PRINT} }} "
        r'/^[^#]*\}/ { block = "" }'
    )


def find_closing_lines(guest: Guest) -> str:
    """Prints what refuses everybody (``deny all``, ``return 403``) in locations that are about the interface
    and lead nowhere else."""
    return _of_all_lines(
        rf'/^[^#]*\{{/ {{ is_it = $0 ~ /{_about(guest)}/; at = "" }} '
        rf'is_it && at == "" && /^[^#]*(deny[ \t]+all|return[ \t]+4[0-9][0-9])[ \t]*;/ {{ at = {_HERE} }} '
        r'/^[^#]*(_pass|try_files)[ \t]/ { is_it = 0; at = "" } '
        '/}/ { if (at != "") print at; is_it = 0; at = "" }'
    )


def find_first_of_sign_in() -> str:
    """Prints the first line inside each location that ``auth_request`` asks."""
    return _of_all_lines(
        r"/^[^#]*auth_request[ \t]/ { asked = $2; sub(/;.*/, '', asked); "
        "wanted[asked] = 1 } { all[++n] = "
        f"{_HERE}; text[n] = $0 }} "
        r"END { for (i = 1; i < n; i++) if (text[i] ~ /^[^#]*location[ \t][^}]*$/) { "
        r"split(text[i], word, /[ \t{]+/); for (w in word) if (word[w] in wanted) print all[i + 1] } }"
    ).replace("''", '""')


def _about(guest: Guest) -> str:
    """Fits the opening line of a location that names a part of the interface's path, or its orders."""
    parts = [re.sub(r"[^\w-]", ".", part) for part in guest.path.split("/") if part]
    return rf"location[ \t].*[^A-Za-z]({'|'.join((*parts, 'orders'))})"


def _concerns(guest: Guest) -> str:
    """A condition on ``block``, a block's opening line: a whole shop's, all its PHP's, or the interface's."""
    everything = r"location[ \t]+(\^~[ \t]*)?\/[ \t]*\{|location[ \t]+~.*php"
    return f"(block !~ /limit_except|location/ || block ~ /{everything}|{_about(guest)}/)"


def find_first_of_geo() -> str:
    """Prints the first line inside each ``geo`` block."""
    return _of_all_lines(f"inside {{ {_PRINT}; inside = 0 }} " r"/^[^#]*geo[ \t].*\{[ \t]*$/ { inside = 1 }")


_HERE = 'file ":" line ": " $0'
_PRINT = f"print {_HERE}"


def _of_all_lines(awk: str) -> str:
    """Runs over the configuration as nginx reads it, wherever its files lie, lines numbered by file."""
    numbered = (
        '/^# configuration file / { file = substr($0, 22, length($0) - 22); line = 0; at = ""; next } '
        "{ line++ }"
    )
    return f"nginx -T 2>/dev/null | awk '{numbered} {awk}'"
