"""``manage.py diagnose URL``: who refuses what of a hub at one address, and what to change."""

import asyncio
import os
import shutil
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
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
from integrations.registry import adapter_class
from monitor.management.diagnose_options import add_options

INTERRUPTED = 130
MOST_LINES = 50_000
"""Of a server's log; the newest count."""
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
        add_options(parser)

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
        addresses = tuple(str(network) for network in options["hub_address"])
        return Wanted(
            text=url,
            hub=hub,
            agents=agents,
            addresses=addresses,
            platform=options["platform"] or "",
            api_root=options["api_root"].strip("/"),
            log=_log(options["server_log"], addresses) if options["server_log"] else None,
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


def _log(path: Path, addresses: Sequence[str]) -> ServerLog:
    """What the newest lines of a log say. Raises _CannotAsk."""
    try:
        if str(path) == "-":
            lines = deque(sys.stdin, MOST_LINES)
        else:
            with path.open(encoding="utf-8", errors="replace") as file:
                lines = deque(file, MOST_LINES)
    except OSError as error:
        sentence = _("The log %(path)s cannot be read: %(reason)s.")
        values = {"path": str(path), "reason": error.strerror or type(error).__name__}
        raise _CannotAsk(sentence % values) from error
    return read_log(lines, clients=addresses)


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
