"""All settings, from the environment; every one has a default that works on one machine.

The environment variables are listed in docs/architecture.md.
"""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env, validate

from monitor import embedded
from monitor.broker import queue_conninfo
from monitor.local_keys import local_secret

# Django's generic classes take their type in brackets only with this.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def _networks(name: str) -> list[IPv4Network | IPv6Network]:
    given: list[str] = env.list(name, [])
    try:
        return [ip_network(network.strip()) for network in given]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}; write networks like 10.0.0.0/8.") from error


# --- where things are ------------------------------------------------------------------------
VAR_DIR = Path(env.str("SYNCWATCH_VAR", str(BASE_DIR / "var"))).resolve()
"""Everything this installation writes, when it brings its own database."""
env.read_env(VAR_DIR / "settings.env", recurse=False)
EMBEDDED = not env.str("DATABASE_URL", "")
DATABASE_URL = embedded.url(VAR_DIR) if EMBEDDED else env.str("DATABASE_URL")
BROKER_URL = env.str("BROKER_URL", "") or DATABASE_URL.replace("postgresql://", "pgmq://", 1)
PUBLIC_URL = env.str("SYNCWATCH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# Stores and hubs send nothing to an address without TLS, nor to one that only this machine knows.
SYNCWATCH_WEBHOOK_URL = env.str(
    "SYNCWATCH_WEBHOOK_URL", PUBLIC_URL if PUBLIC_URL.startswith("https://") else ""
)
"""Address under which people reach Syncwatch; links in mails start with it."""

# --- secrets ---------------------------------------------------------------------------------
DEBUG = env.bool("SYNCWATCH_DEBUG", False)
SECRET_KEY = env.str("SYNCWATCH_SECRET_KEY", "") or local_secret(VAR_DIR / "keys" / "django")
SYNCWATCH_KEYS = env.list("SYNCWATCH_KEYS", []) or [
    local_secret(VAR_DIR / "keys" / "credentials", fernet=True)
]
"""Fernet keys for credentials at rest: the first encrypts, all decrypt."""

# --- Django ----------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("SYNCWATCH_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
INSTALLED_APPS = [
    "monitor.apps.MonitorConfig",
    "integrations.apps.IntegrationsConfig",
    "monitor.apps.SyncwatchAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_celery_beat",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "monitor.dashboard.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "monitor.people.middleware.SessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "monitor.urls"
WSGI_APPLICATION = "monitor.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
_database = dj_database_url.parse(DATABASE_URL)
_database["ENGINE"] = "monitor.embedded_backend" if EMBEDDED else "monitor.pooled_backend"
_database["OPTIONS"] = {
    **_database.get("OPTIONS", {}),
    # The pauses between attempts to reconnect double: with 300 s, the default, they would still be made a
    # minute after the server is back.
    "pool": {
        "min_size": 1,
        "max_size": env.int("SYNCWATCH_DB_POOL", 12),
        "timeout": 20,
        "reconnect_timeout": 20,
    },
}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "monitor.User"
AUTHENTICATION_BACKENDS = [
    "monitor.permissions.PermissionsBackend",
    "sesame.backends.ModelBackend",
]
SESAME_ONE_TIME = True
SESAME_MAX_AGE = timedelta(hours=12)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- accounts: passwords, second factors, sign-in by a provider -----------------------------------
# All processes share it: limits on attempts and codes that were used already hold across them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
LOCKED_FOR = timedelta(minutes=15)
ACCOUNT_ADAPTER = "monitor.people.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # who is invited has read the mail; nobody else signs up
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PUBLIC_URL.startswith("https://") else "http"
ACCOUNT_FORMS = {
    "login": "monitor.people.forms.SignInForm",
    "reset_password": "monitor.people.forms.ForgottenForm",
    "reset_password_from_key": "monitor.people.forms.NewPasswordForm",
    "reauthenticate": "monitor.people.forms.AgainForm",
}
_tries = int(LOCKED_FOR.total_seconds())
ACCOUNT_RATE_LIMITS = {"login_failed": f"10/{_tries}s/key,100/{_tries}s/ip", "login": "120/m/ip"}
MFA_ADAPTER = "monitor.people.adapters.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PUBLIC_URL.startswith("http://localhost")
MFA_FORMS = {
    "authenticate": "monitor.people.forms.CodeForm",
    "reauthenticate": "monitor.people.forms.CodeAgainForm",
    "activate_totp": "monitor.people.forms.AppForm",
    "add_webauthn": "monitor.people.forms.KeyForm",
    "edit_webauthn": "monitor.people.forms.KeyNameForm",
    "login_webauthn": "monitor.people.forms.KeyAloneForm",
}
REQUIRE_MFA = env.str("SYNCWATCH_REQUIRE_MFA", "")
"""Who must have a second factor: ``admins``, ``everyone``, or nobody."""
SOCIALACCOUNT_ADAPTER = "monitor.people.adapters.Providers"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
OIDC_ISSUER = env.str("SYNCWATCH_OIDC_ISSUER", "")
OIDC_CLIENT_ID = env.str("SYNCWATCH_OIDC_CLIENT_ID", "")
OIDC_SECRET = env.str("SYNCWATCH_OIDC_SECRET", "")
OIDC_NAME = env.str("SYNCWATCH_OIDC_NAME", "") or _("your organisation")
OIDC_ROLE = env.str("SYNCWATCH_OIDC_ROLE", "")
"""The group of people whom nobody has invited; empty: only who is known or invited gets in."""
OIDC_PASSWORDS = env.bool("SYNCWATCH_OIDC_PASSWORDS", False)
"""Whether who came by the provider may also sign in without it, by a password or a passkey of their own."""
_domains: list[str] = env.list("SYNCWATCH_OIDC_DOMAINS", [])
OIDC_DOMAINS = [domain.strip().lower().lstrip("@") for domain in _domains]
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_SECRET,
                "settings": {
                    "server_url": OIDC_ISSUER,
                    # Some providers say nothing of it although nobody can choose an address there.
                    "verified_email": env.bool("SYNCWATCH_OIDC_TRUST_EMAIL", False),
                },
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

# --- languages and time ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "monitor" / "locale"]
FORMAT_MODULE_PATH = ["monitor.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- static files ------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "monitor.charts.bundle.PlotlyFinder",
]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "monitor.static_files.StaticFilesStorage"},
}

# --- the browser's safety ------------------------------------------------------------------------
SECURE_SSL = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_SSL
CSRF_COOKIE_SECURE = SECURE_SSL
BEHIND_PROXY = env.bool("SYNCWATCH_BEHIND_PROXY", False)
SYNCWATCH_PROXIES = _networks("SYNCWATCH_PROXIES")
"""Proxies whose ``X-Forwarded-For`` is believed; none named: all on this machine and in private networks."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # Plotly sets style attributes on the SVG it draws.
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- mail ------------------------------------------------------------------------------------------
EMAIL_BACKEND = "monitor.alerts.smtp.Backend"
EMAIL_HOST = env.str("SYNCWATCH_SMTP_HOST", "localhost")
EMAIL_PORT = env.int("SYNCWATCH_SMTP_PORT", 25)
EMAIL_HOST_USER = env.str("SYNCWATCH_SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("SYNCWATCH_SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("SYNCWATCH_SMTP_STARTTLS", False)
EMAIL_USE_SSL = env.bool("SYNCWATCH_SMTP_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("SYNCWATCH_MAIL_FROM", "Syncwatch <syncwatch@localhost>")

# --- watching itself ---------------------------------------------------------------------------------
_addresses: list[str] = env.list("SYNCWATCH_ADMIN_MAIL", [])
SYNCWATCH_ADMIN_MAIL = [address.strip() for address in _addresses]
"""Who is told when Syncwatch itself fails; nobody named: those who are subscribed to all stores."""
SYNCWATCH_PING_URL = env.str("SYNCWATCH_PING_URL", "")
SYNCWATCH_METRICS_TOKEN = env.str("SYNCWATCH_METRICS_TOKEN", "")

# --- outgoing requests -------------------------------------------------------------------------------
SYNCWATCH_ALLOWED_NETWORKS = _networks("SYNCWATCH_ALLOWED_NETWORKS")
"""Private networks the operator allows requests to; all others are refused by the address guard."""

# --- rhythm of the work --------------------------------------------------------------------------------
# Who is nearly always there: if not even they answer, our own network is what is broken.
SYNCWATCH_WITNESSES = [
    (host, int(port or 443))
    for host, _colon, port in (
        witness.partition(":")
        for witness in env.list("SYNCWATCH_WITNESSES", ["one.one.one.one:443", "dns.google:443"])
    )
]
SYNCWATCH_TICK_S = env.int("SYNCWATCH_TICK_S", 5)
SYNCWATCH_COLLECT_INTERVAL_S = env.int("SYNCWATCH_COLLECT_INTERVAL_S", 60)
SYNCWATCH_PROBE_INTERVAL_S = env.int("SYNCWATCH_PROBE_INTERVAL_S", 300)
SYNCWATCH_EXAMINE_INTERVAL_S = env.int("SYNCWATCH_EXAMINE_INTERVAL_S", 900)
SYNCWATCH_EXAMINE_PAUSE_S = env.float("SYNCWATCH_EXAMINE_PAUSE_S", 0.25)
SYNCWATCH_CHECK_INTERVAL_S = env.int("SYNCWATCH_CHECK_INTERVAL_S", 900)
SYNCWATCH_TRACKING_INTERVAL_S = env.int("SYNCWATCH_TRACKING_INTERVAL_S", 300)
SYNCWATCH_HISTORY_DAYS = env.int("SYNCWATCH_HISTORY_DAYS", 14)
SYNCWATCH_REFRESH_COOL_DOWN_S = env.int("SYNCWATCH_REFRESH_COOL_DOWN_S", 300)


# --- how long rows are kept, in days: fewer would take away what is still worked with --------------------
SYNCWATCH_RETENTION_DAYS = env.int("SYNCWATCH_RETENTION_DAYS", 90, validate=validate.Range(min=15))
SYNCWATCH_KEEP_CALLS_DAYS = env.int("SYNCWATCH_KEEP_CALLS_DAYS", 30, validate=validate.Range(min=1))
SYNCWATCH_KEEP_DELIVERIES_DAYS = env.int("SYNCWATCH_KEEP_DELIVERIES_DAYS", 30, validate=validate.Range(min=3))
SYNCWATCH_KEEP_HOURS_DAYS = env.int("SYNCWATCH_KEEP_HOURS_DAYS", 120, validate=validate.Range(min=17))
SYNCWATCH_KEEP_INCIDENTS_DAYS = env.int(
    "SYNCWATCH_KEEP_INCIDENTS_DAYS", 1_095, validate=validate.Range(min=30)
)
SYNCWATCH_KEEP_FIGURES_DAYS = env.int("SYNCWATCH_KEEP_FIGURES_DAYS", 3_650, validate=validate.Range(min=30))

# --- Celery: see monitor/celery.py for why each of these is set ------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None
CELERY_TASK_ACKS_LATE = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("SYNCWATCH_WORKER_THREADS", 4)
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if BROKER_URL.startswith("pgmq://"):
    CELERY_WORKER_PREFETCH_MULTIPLIER = 4
    # Kombu cannot read a query in this address, such as the folder of PostgreSQL's socket.
    CELERY_BROKER_URL = "pgmq://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "conn_string": queue_conninfo(BROKER_URL),
        "pool_timeout": 10,
        "init_extension": False,
        "use_notify": True,
        "notify_throttle_interval_ms": 0,
        "wait_time_seconds": 0,
        "visibility_timeout": 120,
    }
elif BROKER_URL.startswith(("redis://", "rediss://")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120, "max_connections": 50}

# --- logs ---------------------------------------------------------------------------------------------
LOGGING_CONFIG = "monitor.logs.configure"
LOGGING = {"json": env.bool("SYNCWATCH_LOG_JSON", not DEBUG), "level": env.str("SYNCWATCH_LOG_LEVEL", "INFO")}
