"""nginx in front of a sandbox shop: configuration, folder, port and processes of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from integrations.access.fixes.records import Fix, Place
from integrations.sandbox.threads import free_port
from tests.servers import printed
from tests.servers.scenarios import Front, Site

PROGRAM = "/usr/sbin/nginx"
_WITHIN_S = 5.0
_MAIN = """\
{user}
pid nginx.pid;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    include conf.d/*.conf;
    include sites-enabled/*;
}}
"""
# With what else stands in a shop's configuration, so that commands must find the right lines.
_SITE = """\
{http}
server {{
    listen 127.0.0.1:{port}{listen};
    server_name _;
    root html;

    if ($http_user_agent ~* "nikto|masscan") {{ return 403; }}
    if ($request_method = TRACE) {{ return 405; }}
    {server}

    location ~ /\\.ht {{ deny all; }}
    location = /xmlrpc.php {{ deny all; }}
    location /wp-admin/ {{
        allow 192.0.2.0/24;
        deny all;
        auth_basic "Staff";
        auth_basic_user_file {folder}/staff;
        client_max_body_size 64m;
    }}

    location / {{
        {everywhere}
        proxy_pass {upstream}$request_uri;
    }}

    location {interface} {{
        {location}
        {handler}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Config:
    """Lines of a shop's configuration, by where they stand. ``UPSTREAM`` and ``FOLDER`` are filled in."""

    http: str = ""
    server: str = ""
    everywhere: str = ""
    """In the location of all that is not the interface."""
    location: str = ""
    """In the interface's location."""
    interface: str = "/wp-json/"
    """What that location is for; a regular expression with its sign in front."""
    handler: str = "proxy_pass UPSTREAM$request_uri;"
    """Who answers for the interface."""
    listen: str = ""
    scheme: str = "http"
    upstream: str = ""
    """Empty: the sandbox shop."""
    files: tuple[tuple[str, str], ...] = ()
    """Path below the folder, and text."""


@dataclass(slots=True)
class Nginx:
    """One that runs."""

    url: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def apply(self, fix: Fix) -> bool:
        site = self.folder / "sites-enabled" / "shop"
        match fix.place:
            case Place.NGINX_LINE | Place.NGINX_ABOVE:
                where = printed.all_found(fix, self._programs)
                if not where:
                    return False
                # From below, for lines that are put in move those after them.
                for file, line in sorted(where, reverse=True):
                    printed.put(fix.text, file, line, instead=fix.place is Place.NGINX_LINE)
            case Place.NGINX_HTTP:
                (self.folder / "conf.d" / "syncwatch.conf").write_text(fix.text, encoding="utf-8")
            case Place.NGINX_SERVER:
                printed.put(fix.text, site, _line_of(site, "server {") + 1, instead=False)
            case Place.SHELL:
                printed.run(fix.text, self._programs, swapped=("/etc/nginx", str(self.folder)))
            case _:
                return False
        workers = _workers(self.process.pid)
        printed.check(fix, self._programs)
        if "restart" in fix.check:
            self.stop()
            self.process = _started(self.folder, self.port)
        else:
            _until(lambda: bool(now := _workers(self.process.pid)) and not now & workers)
        return True

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()

    @property
    def _programs(self) -> Path:
        return self.folder / "programs"


def nginx(broken: Config, before: Config | None = None) -> Callable[[Site, bool], object]:
    """What serves a site by nginx; ``before`` is its configuration before it is broken."""

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        config = broken if is_broken else before or Config(interface=broken.interface)
        with running(config, site) as front:
            yield front

    return serve


@contextlib.contextmanager
def running(config: Config, site: Site) -> Iterator[Nginx]:
    """Runs until the block ends. Raises AssertionError with its complaint where it does not start."""
    folder = site.folder
    for name in ("conf.d", "sites-enabled", "temp", "html"):
        (folder / name).mkdir()
    port = free_port()
    upstream = config.upstream or site.shop_url
    values = {
        name: getattr(config, name).replace("UPSTREAM", upstream).replace("FOLDER", str(folder))
        for name in ("http", "server", "everywhere", "location", "interface", "handler", "listen")
    }
    for path, text in config.files:
        (folder / path).write_text(text, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(user=user), encoding="utf-8")
    shop = _SITE.format(port=port, folder=folder, upstream=upstream, **values)
    (folder / "sites-enabled" / "shop").write_text(shop, encoding="utf-8")
    printed.program(folder / "programs", "nginx", f'exec {" ".join(_command(folder))} "$@"')
    printed.program(
        folder / "programs",
        "systemctl",
        'case "$*" in "reload nginx") exec nginx -s reload ;; "restart nginx") ;; *) exit 1 ;; esac',
    )
    front = Nginx(f"{config.scheme}://127.0.0.1:{port}", port, folder, _started(folder, port))
    try:
        yield front
    finally:
        front.stop()


def _command(folder: Path) -> list[str]:
    return [PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def _started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [*_command(folder), "-g", "daemon off;"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _until(lambda: _answers(port), process)
    except AssertionError:
        if process.poll() is None:
            process.kill()
            process.communicate()
        raise
    return process


def _line_of(file: Path, text: str) -> int:
    """Number (from 1) of the first line that begins with a text."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(text))


def _workers(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not condition():
        if process is not None and process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        assert time.monotonic() < deadline, "nginx did not become ready"
        time.sleep(0.003)
