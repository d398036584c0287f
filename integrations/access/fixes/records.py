"""What a fix is: a change to make, where, and how it is checked. Made for the thing that was found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

PLAIN_PATH = re.compile(r"(/[\w.~%:@+,-]+)+")
"""A path that can stand in a server's configuration without being quoted."""
NO_OTHER_ROUTE = r"(?!\S*[?&;](?:\+|%20)*(?:r|%72)(?:e|%65)(?:s|%73)(?:t|%74))"
"""WordPress takes a route from the query (``rest_route``, also as ``rest.route`` or escaped) before it
looks at the path: whoever may pass by the path must not choose another route by the query."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Whom a fix lets pass: the hub."""

    name: str
    """``Sendcloud``"""
    agents: tuple[str, ...]
    """Its User-Agents, letter by letter."""
    addresses: tuple[str, ...] = ()
    """Networks it calls from; empty: not known, and then nothing may be opened by address."""
    host: str = ""
    """The shop's host name."""
    path: str = ""
    """Path of the shop's interface, with a slash at its beginning and none at its end:
    ``/wp-json/wc``, ``/rest``, ``/api``. Fixes open this and nothing else."""
    platform: str = ""
    own_addresses: tuple[str, ...] = ()
    """Networks Syncwatch asks from, where they are known."""


class Place(StrEnum):
    """Where a fix's text goes. Each is told to people in a sentence (:attr:`Fix.where`)."""

    NGINX_HTTP = "nginx_http"
    """Inside ``http { }``, before the shop's ``server { }``: a file in conf.d."""
    NGINX_SERVER = "nginx_server"
    """First lines inside the shop's ``server { }``."""
    NGINX_LOCATION = "nginx_location"
    """First lines inside the ``location { }`` that answers for the interface."""
    NGINX_LINE = "nginx_line"
    """In place of each line of nginx' configuration that :attr:`Fix.find` finds."""
    NGINX_ABOVE = "nginx_above"
    """Directly above each of those lines, which stay."""
    APACHE_HOST = "apache_host"
    """Last lines inside the shop's ``<VirtualHost>``."""
    APACHE_LINE = "apache_line"
    """In place of the line that :attr:`Fix.find` finds."""
    APACHE_ABOVE = "apache_above"
    """Directly above the line of Apache's configuration, or of a ``.htaccess``, that :attr:`Fix.find` finds;
    that line stays."""
    HTACCESS = "htaccess"
    """First lines of the ``.htaccess`` in the shop's folder."""
    MODSECURITY_BEFORE = "modsecurity_before"
    """A file that is read before the rule set: REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf."""
    MODSECURITY_AFTER = "modsecurity_after"
    """A file that is read after it: RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf."""
    SHELL = "shell"
    """A command to run on the server, or anywhere with curl."""
    PHP = "php"
    """A file or lines in the shop software's own configuration."""
    PANEL = "panel"
    """Clicks in somebody's panel: :attr:`Fix.steps`."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One change that lets the hub through, the narrowest that does."""

    title: str
    """What it does, in the reader's language: "Let Sendcloud's PUT and PATCH through nginx"."""
    place: Place
    where: str
    """The sentence that says where the text goes, in the reader's language."""
    text: str = ""
    """To be copied letter by letter; empty for clicks."""
    language: str = ""
    """Of the text: ``nginx``, ``apache``, ``modsecurity``, ``shell``, ``php``; empty: clicks."""
    steps: tuple[str, ...] = ()
    """Clicks, in order, in the reader's language."""
    find: str = ""
    """A command that finds the file and line concerned; empty: the place is clear."""
    check: str = ""
    """A command that tests and activates the change: ``nginx -t && systemctl reload nginx``."""
    note: str = ""
    """What to know before doing it: what else it opens, what it cannot do."""
    is_guess: bool = False
    """It is for what probably refuses; another fix of the list may be the right one."""


Fixes = Sequence[Fix]
"""Best first."""
