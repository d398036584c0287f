"""The options of ``manage.py diagnose``, and what may stand in each."""

import argparse
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from integrations.registry import HUBS, STORES

Network = IPv4Network | IPv6Network


def add_options(parser: CommandParser) -> None:
    """The command's own arguments."""
    parser.add_argument("url", metavar="URL", help="the shop's address, as a browser shows it")
    shop = parser.add_argument_group("the shop")
    shop.add_argument("--platform", choices=sorted(STORES), help="the shop's software; else recognised")
    shop.add_argument("--api-root", default="", metavar="PATH", help="path of its interface below URL")
    hub = parser.add_argument_group("the hub")
    hub.add_argument("--hub", choices=sorted(HUBS), default="sendcloud", help="default: %(default)s")
    hub.add_argument(
        "--user-agent",
        action="append",
        default=[],
        metavar="TEXT",
        help="ask as this instead of the hub's own; repeatable",
    )
    hub.add_argument(
        "--hub-address",
        action="append",
        default=[],
        type=_network,
        metavar="NETWORK",
        help="network the hub calls from, for the fixes; repeatable",
    )
    hub.add_argument(
        "--server-log",
        type=Path,
        metavar="FILE",
        help="error log of the shop's web server, which names rules; -: standard input",
    )
    way = parser.add_argument_group("how it is asked")
    way.add_argument(
        "--allow-private",
        nargs="?",
        action="append",
        const="",
        type=_network_or_all,
        metavar="NETWORK",
        help="let requests go to private addresses, or to this network only",
    )
    way.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="S", help="per answer; default: %(default)s"
    )
    way.add_argument("--pause", type=_seconds_or_none, default=0.0, metavar="S", help="between two requests")
    told = parser.add_argument_group("what is printed")
    form = told.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON document")
    form.add_argument("--markdown", action="store_true", help="Markdown, to be pasted into a ticket")
    told.add_argument(
        "--language",
        choices=[code for code, _name in settings.LANGUAGES],
        help="of the report; default: as LANG says",
    )


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        sentence = _("“%(text)s” is no network; write it like 192.0.2.0/24 or 192.0.2.7.")
        raise argparse.ArgumentTypeError(sentence % {"text": text}) from None


def _network_or_all(text: str) -> Network | str:
    return _network(text) if text else ""


def _seconds(text: str) -> float:
    seconds = _seconds_or_none(text)
    if seconds == 0:
        raise argparse.ArgumentTypeError(_("write seconds above 0, at most 600"))
    return seconds


def _seconds_or_none(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise argparse.ArgumentTypeError(_("write seconds from 0 to 600"))
    return seconds
