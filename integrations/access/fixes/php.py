"""Files for shops written in PHP; they run on PHP 7 and 8."""

from collections.abc import Sequence

CLOSING_CODES = (
    "rest_cannot_access",
    "rest_disabled",
    "rest_forbidden",
    "rest_login_required",
    "rest_not_logged_in",
)
"""By which plug-ins refuse visitors. Never WordPress' own ``rest_cookie_invalid_nonce``, which protects the
sessions of people who are signed in, nor WooCommerce's refusals of a key."""


def ninja_file(networks: Sequence[str], path: str) -> str:
    """NinjaFirewall's own file: these IPv4 or IPv6 networks pass to ``path``."""
    return f"""<?php
foreach (array({_texts(networks)}) as $network) {{
    list($base, $bits) = explode('/', $network . '/' . 8 * strlen(inet_pton(explode('/', $network)[0])));
    $base = inet_pton($base);
    $asking = inet_pton($_SERVER['REMOTE_ADDR']);
    $whole = intdiv((int) $bits, 8);
    $rest = 0xff << (8 - $bits % 8) & 0xff;
    if (strlen($base) === strlen($asking)
        && substr($base, 0, $whole) === substr($asking, 0, $whole)
        && ($rest === 0 || (ord($base[$whole] ?? "\\0") & $rest) === (ord($asking[$whole] ?? "\\0") & $rest))
        && strpos($_SERVER['REQUEST_URI'], {_text(path)}) === 0) {{
        return 'ALLOW';
    }}
}}
"""


def open_interface(routes: str) -> str:
    """A must-use plug-in of WordPress: takes other plug-ins' refusal of visitors back where the route begins
    like ``routes``.

    It looks at the route, not at the address: ``/wp-json/wc?rest_route=/wp/v2/users`` is the way to another
    route, for a query counts more than a permalink (``WP::parse_request``).
    """
    return f"""<?php
/* Plugin Name: Open the shop's interface to programs that hold a key */
add_filter('rest_authentication_errors', function ($refusal) {{
    $closed = array({_texts(CLOSING_CODES)});
    $is_refused = is_wp_error($refusal) && in_array($refusal->get_error_code(), $closed, true);
    $route = (string) ($GLOBALS['wp']->query_vars['rest_route'] ?? '');
    return $is_refused && strpos($route, {_text(routes)}) === 0 ? null : $refusal;
}}, PHP_INT_MAX);
"""


def _texts(values: Sequence[str]) -> str:
    return ", ".join(map(_text, values))


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
