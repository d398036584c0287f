"""Apache in front of a sandbox shop, laid out as Debian does it: folder, port and processes of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from integrations.access.fixes.records import Fix, Place
from integrations.access.server_log import ServerLog, read_log
from integrations.sandbox.threads import free_port
from tests.servers import printed
from tests.servers.apache_programs import CGI_SCRIPT, scgi_server
from tests.servers.scenarios import HUB, Front, Serve, Site

PROGRAM = "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
RULES = Path("/usr/share/modsecurity-crs/rules")
_WITHIN_S = 10.0
_LOADED = (
    "mpm_prefork authz_core authz_host authz_user authn_core authn_file auth_basic access_compat "
    "allowmethods alias cgi deflate dir env filter headers mime proxy proxy_http proxy_scgi rewrite setenvif"
)
_MAIN = """\
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile "{folder}/apache2.pid"
ErrorLog "{folder}/log/error.log"
Mutex file:{folder} default
StartServers 3
MinSpareServers 2
MaxSpareServers 5
TypesConfig /etc/mime.types
TraceEnable Off
{load}
{user}
<Directory />
    AllowOverride None
    Require all denied
</Directory>
{main}
IncludeOptional {folder}/modsecurity/*.conf
IncludeOptional {folder}/modsecurity-crs.load
IncludeOptional {folder}/conf-enabled/*.conf
IncludeOptional {folder}/sites-enabled/*.conf
"""
_SITE = """\
<VirtualHost *:{port}>
    ServerName shop.example
    DocumentRoot {folder}/www
    {serving}
    {host}
</VirtualHost>
"""
_PROXY = "ProxyPass / {upstream}/\n    ProxyPassReverse / {upstream}/"
_PROGRAM = """\
<Directory {folder}/www>
        AllowOverride All
        Options ExecCGI FollowSymLinks
        Require all granted
    </Directory>
    SetEnv UPSTREAM {upstream}
    <FilesMatch "\\.php$">
        SetHandler {handler}
    </FilesMatch>"""
_CRS = """\
Include {folder}/modsecurity/crs/crs-setup.conf
IncludeOptional {folder}/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf
Include {rules}/*.conf
IncludeOptional {folder}/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf
"""
_CRS_SETUP = """\
SecDefaultAction "phase:1,log,auditlog,pass"
SecDefaultAction "phase:2,log,auditlog,pass"
SecAction "id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=334"
"""
NO_NAME = "modsecurity/10-laboratory.conf"
_NO_NAME = 'SecAction "id:99000,phase:1,nolog,pass,t:none,ctl:ruleRemoveById=920350"\n'
"""The laboratory has no name, and a rule minds addresses in ``Host``, which no shop meets."""
WORDPRESS = """\
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
"""
"""The ``.htaccess`` that WordPress writes."""


@dataclass(frozen=True, slots=True)
class Config:
    """Lines of a shop's configuration, by where they stand. ``FOLDER`` is filled in."""

    main: str = ""
    """Outside of the shop's ``<VirtualHost>``."""
    host: str = ""
    """Inside of it."""
    htaccess: str | None = None
    """The shop's own file; then the shop is a program of this server. ``None``: it is a proxy's upstream."""
    program: str = "scgi"
    """``scgi``: a server of its own, as PHP-FPM is; ``cgi``: a process for every request."""
    rules: str = ""
    """The host's own of ModSecurity."""
    owasp: str | None = None
    """Lines of ``crs-setup.conf``; ``None``: without OWASP's rule set."""
    files: tuple[tuple[str, str], ...] = ()
    """Path below the folder, and text."""


@dataclass(frozen=True, slots=True)
class Apache:
    """One that runs."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def apply(self, fix: Fix) -> bool:
        match fix.place:
            case Place.APACHE_LINE | Place.APACHE_ABOVE:
                where = printed.found(
                    self.here(fix), self.folder / "programs", ("/etc/apache2", str(self.folder))
                )
                if where is None:
                    return False
                printed.put(fix.text, *where, instead=fix.place is Place.APACHE_LINE)
            case Place.APACHE_HOST:
                if fix.find and not self.run(fix.find):
                    return False
                site = self.folder / "sites-enabled" / "shop.conf"
                last = len(site.read_text(encoding="utf-8").splitlines())
                printed.put(fix.text, site, last, instead=False)
            case Place.HTACCESS:
                file = self.folder / "www" / ".htaccess"
                old = file.read_text(encoding="utf-8") if file.exists() else ""
                file.write_text(fix.text + old, encoding="utf-8")
            case Place.MODSECURITY_BEFORE:
                if not self.run(fix.find):
                    return False
                owasp = "crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf"
                name = owasp if "REQUEST-900" in fix.where else "00-exclusions.conf"
                with (self.folder / "modsecurity" / name).open("a", encoding="utf-8") as file:
                    file.write(fix.text)
            case _:
                return False
        if fix.check:
            children = _children(self.process.pid)
            printed.check(fix, self.folder / "programs")
            _until(lambda: bool(now := _children(self.process.pid)) and not now & children)
        return True

    def run(self, command: str) -> str:
        """What a printed command prints about this server."""
        return printed.run(self._moved(command), self.folder / "programs")

    def here(self, fix: Fix) -> Fix:
        return replace(fix, find=self._moved(fix.find))

    def _moved(self, command: str) -> str:
        for path, here in (
            ("/etc/apache2", ""),
            ("/var/www", "www"),
            ("/etc/modsecurity", "modsecurity"),
            ("/var/log/apache2", "log"),
            ("/var/log/nginx", "log/none"),
        ):
            command = command.replace(path, str(self.folder / here))
        return command

    def log(self, fixes: Sequence[Fix], *clients: str) -> ServerLog:
        """Its error log, fetched by the command that the fixes print, as far as it is about some clients."""
        command = next(fix.text for fix in fixes if fix.place is Place.SHELL and "error" in fix.text)
        return read_log(self.run(command).splitlines(), clients=clients)


def log_of(front: Front, fixes: Sequence[Fix]) -> ServerLog:
    assert isinstance(front, Apache)
    return front.log(fixes)


def log_of_the_hub(front: Front, fixes: Sequence[Fix]) -> ServerLog:
    assert isinstance(front, Apache)
    return front.log(fixes, HUB)


def apache(broken: Config, before: Config | None = None) -> Serve:
    """What serves a site by Apache; ``before`` is its configuration before it is broken."""

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        settled = Config(htaccess=None if broken.htaccess is None else WORDPRESS, program=broken.program)
        # Apache gives up root's rights, and pytest closes its own folders to everybody else.
        with tempfile.TemporaryDirectory(prefix="syncwatch-apache-") as name:
            folder = Path(name)
            folder.chmod(0o777)
            with running(broken if is_broken else before or settled, replace(site, folder=folder)) as front:
                yield front

    return serve


@contextlib.contextmanager
def running(config: Config, site: Site) -> Iterator[Apache]:
    """Runs until the block ends. Raises AssertionError with its complaint where it does not start."""
    folder, port = site.folder, free_port()
    with contextlib.ExitStack() as stack:
        handler = "cgi-script"
        if config.htaccess is not None and config.program == "scgi":
            handler = f'"proxy:scgi://127.0.0.1:{stack.enter_context(scgi_server())}"'
        _write(config, site, port, handler)
        command = f"{PROGRAM} -f {folder}/apache2.conf"
        reload = f'[ "$*" = "reload apache2" ] && kill -HUP $(cat {folder}/apache2.pid)'
        printed.program(folder / "programs", "apachectl", f'[ "$*" = configtest ] && exec {command} -t')
        printed.program(folder / "programs", "systemctl", reload)
        process = subprocess.Popen(
            [*command.split(), "-D", "FOREGROUND"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Apache ends its whole process group when it is told to end.
            start_new_session=True,
        )
        try:
            _until(lambda: _answers(port), process)
            yield Apache(f"http://127.0.0.1:{port}", folder, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def _write(config: Config, site: Site, port: int, handler: str) -> None:
    folder = site.folder
    for name in ("conf-enabled", "sites-enabled", "log", "www/webservice", "modsecurity/crs"):
        (folder / name).mkdir(parents=True)
    texts = dict(config.files)
    if config.htaccess is not None:
        texts |= {"www/.htaccess": config.htaccess, "www/index.php": CGI_SCRIPT}
    if config.rules or config.owasp is not None:
        texts["modsecurity/modsecurity.conf"] = _modsecurity(folder)
        texts["modsecurity/50-host.conf"] = config.rules
    if config.owasp is not None:
        texts.setdefault(NO_NAME, _NO_NAME)
        texts["modsecurity/crs/crs-setup.conf"] = _CRS_SETUP + config.owasp
        texts["modsecurity-crs.load"] = _CRS.format(folder=folder, rules=RULES)
    serving = (_PROXY if config.htaccess is None else _PROGRAM).format(
        upstream=site.shop_url, folder=folder, handler=handler
    )
    modules = _LOADED.split() + (["unique_id", "security2"] if "modsecurity/50-host.conf" in texts else [])
    load = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    texts["apache2.conf"] = _MAIN.format(folder=folder, port=port, load=load, user=user, main=config.main)
    texts["sites-enabled/shop.conf"] = _SITE.format(
        port=port, folder=folder, serving=serving, host=config.host
    )
    for path, text in texts.items():
        (folder / path).write_text(text.replace("FOLDER", str(folder)), encoding="utf-8")
        (folder / path).chmod(0o755)
    for name in ("modsecurity", "log"):
        (folder / name).chmod(0o777)


def _modsecurity(folder: Path) -> str:
    """As Debian ships it, switched on, with its files in the folder."""
    text = Path("/etc/modsecurity/modsecurity.conf-recommended").read_text(encoding="utf-8")
    for old, new in (
        ("SecRuleEngine DetectionOnly", "SecRuleEngine On"),
        ("SecTmpDir /tmp/", f"SecTmpDir {folder}/"),
        ("SecDataDir /tmp/", f"SecDataDir {folder}/"),
        ("/var/log/apache2/", f"{folder}/log/"),
        ("unicode.mapping", "/etc/modsecurity/unicode.mapping"),
    ):
        text = text.replace(old, new)
    return text


def _children(pid: int) -> set[str]:
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
        assert time.monotonic() < deadline, "Apache did not become ready"
        time.sleep(0.003)
