"""``manage.py diagnose URL``: who refuses what of a hub at one address, and what to change."""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser, OutputWrapper
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from integrations.access.report import document, markdown, terminal
from integrations.access.report.finding_out import find_out
from integrations.access.report.hubs import known_agents
from integrations.access.report.paper import NARROWEST, WIDEST, Paper
from integrations.access.report.records import COULD_NOT, FREE, Report, Wanted
from integrations.access.server_log import ServerLog, read_log
from integrations.detection.records import NotRecognised
from integrations.errors import RemoteError
from integrations.guard import GuardPolicy
from integrations.registry import HUBS, STORES, adapter_class

Network = IPv4Network | IPv6Network

INTERRUPTED = 130
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128")
"""What ``--allow-private`` alone allows: networks of one's own, and this machine (RFC 1918, 4193)."""


class _CannotAsk(Exception):
    """Nothing can be asked; ``str()`` says why, and what to do."""


class Command(BaseCommand):
    help = (
        "Asks the shop at URL what a hub would ask, without a key, and says who refuses what, how sure that "
        "is and what to change. Changes nothing. Needs no account, database, broker or worker. Exit codes: "
        "0 nothing stands in the way; 1 something does; 2 could not be examined: no address, no shop, a "
        "private network, bad options; 3 only warnings; 130 interrupted."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
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
            "--server-log", type=Path, metavar="FILE", help="error log of the shop's web server, for rule ids"
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
        way.add_argument(
            "--pause", type=_seconds_or_none, default=0.0, metavar="S", help="between two requests"
        )
        told = parser.add_argument_group("what is printed")
        form = told.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one JSON document")
        form.add_argument("--markdown", action="store_true", help="Markdown, to be pasted into a ticket")
        told.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            help="of the report; default: as LANG says",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        with translation.override(options["language"] or language_of(os.environ)):
            try:
                code = self.diagnose(options)
            except _CannotAsk as reason:
                self.stderr.write(str(reason))
                code = COULD_NOT
        if code != FREE:
            sys.exit(code)

    def diagnose(self, options: dict[str, Any]) -> int:
        """Prints what was found. Returns the exit code. Raises _CannotAsk."""
        now = timezone.now()
        wanted = self.wanted(options)
        networks = [*settings.SYNCWATCH_ALLOWED_NETWORKS]
        for network in options["allow_private"] or ():
            networks += [network] if network else [ip_network(text) for text in PRIVATE]
        progress = _Progress(self.stderr if self.stderr.isatty() else None)
        try:
            policy = GuardPolicy(networks)
            report = asyncio.run(find_out(wanted, policy=policy, now=now, told=progress))
        except RemoteError as error:
            progress.end()
            error.remedy = _remedy(error, wanted.text)
            if options["json"]:
                self.stdout.write(document.written_failure(error, wanted, now), ending="")
            raise _CannotAsk(" ".join(filter(None, (str(error), error.remedy)))) from error
        except KeyboardInterrupt:
            progress.end()
            self.stderr.write(_("Stopped; nothing was changed."), str)
            return INTERRUPTED
        progress.end()
        self.stdout.write(self.written(report, options), ending="")
        return report.exit_code

    def wanted(self, options: dict[str, Any]) -> Wanted:
        hub, agents, url = options["hub"], tuple(options["user_agent"]), options["url"]
        if not agents and not known_agents(hub, options["platform"] or ""):
            sentence = _("What User-Agent %(hub)s sends is not known; name it with --user-agent.")
            raise _CannotAsk(sentence % {"hub": str(adapter_class(hub).label)})
        if _is_file(url):
            sentence = _("“%(text)s” is a file on this machine. Give the address of one shop, with https://.")
            raise _CannotAsk(sentence % {"text": url})
        return Wanted(
            text=url,
            hub=hub,
            agents=agents,
            addresses=tuple(str(network) for network in options["hub_address"]),
            platform=options["platform"] or "",
            api_root=options["api_root"].strip("/"),
            log=_log(options["server_log"]) if options["server_log"] else None,
            timeout_s=options["timeout"],
            pause_s=options["pause"],
        )

    def written(self, report: Report, options: dict[str, Any]) -> str:
        if options["json"]:
            return document.written(report)
        if options["markdown"]:
            return markdown.written(report)
        is_terminal = self.stdout.isatty()
        columns = shutil.get_terminal_size().columns if is_terminal else 80
        return terminal.written(
            report,
            Paper(
                width=max(NARROWEST, min(columns, WIDEST)),
                has_colour=not options["no_color"]
                and (options["force_color"] or (is_terminal and _may_have_colour(os.environ))),
                encoding=getattr(self.stdout, "encoding", None) or "utf-8",
            ),
        )


class _Progress:
    """One line on a terminal that is written over and over; ``None``: nowhere."""

    def __init__(self, out: OutputWrapper | None) -> None:
        self._out = out
        self._shown = 0

    def __call__(self, text: str) -> None:
        if self._out is None:
            return
        text = f"{text}…"[: shutil.get_terminal_size().columns - 1]
        self._out.write(f"\r{text.ljust(self._shown)}", str, ending="")
        self._out.flush()
        self._shown = len(text)

    def end(self) -> None:
        if self._out is not None and self._shown:
            self._out.write(f"\r{' ' * self._shown}\r", str, ending="")
            self._out.flush()


def _is_file(text: str) -> bool:
    try:
        return "://" not in text and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _remedy(error: RemoteError, text: str) -> str:
    """What to do about it here, where no forms and no settings are at hand."""
    if isinstance(error, NotRecognised):
        return _(
            "Check the address, with the folder if the shop is in one; or name its software by --platform."
        )
    if "SYNCWATCH_ALLOWED_NETWORKS" in error.remedy:
        return _("Correct the address; if this network is yours, add --allow-private.")
    if "@" in text.partition("://")[2].partition("/")[0]:
        return _("Leave them out; no key is needed here.")
    return error.remedy


def _log(path: Path) -> ServerLog:

    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return read_log(lines)
    except OSError as error:
        sentence = _("The log %(path)s cannot be read: %(reason)s.")
        values = {"path": str(path), "reason": error.strerror or type(error).__name__}
        raise _CannotAsk(sentence % values) from error


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


def language_of(environment: Mapping[str, str]) -> str:
    """The reader's language, as far as there is one of it; POSIX says which variable counts first."""
    known: Sequence[str] = [code for code, _name in settings.LANGUAGES]
    chosen = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), ""
    )
    code = chosen.partition(".")[0].partition("_")[0].lower()
    return code if code in known else settings.LANGUAGE_CODE


def _may_have_colour(environment: Mapping[str, str]) -> bool:
    """https://no-color.org; a dumb terminal has none either."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
