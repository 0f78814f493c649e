"""All settings, in one file. Environment on top; a bare clone works without any.

`.env.example` names every variable. Wrong values are reported by system checks with ids (core/checks.py), not by tracebacks.
"""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

# ── Where things are ────────────────────────────────────────────────────────────────────────────
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")  # every absolute link; never the Host header
DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)  # the demo company: known passwords, never on a database that is not its own


def _made_once(path: Path, content: str) -> str:
    """What stands in the file; on the first start `content` is put there, whole and once, however many processes begin."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        new.touch(mode=0o600)
        new.write_text(content)
        try:
            path.hardlink_to(new)
        except FileExistsError:
            pass  # another process was faster
        except OSError:  # a file system without links
            new.replace(path)
        new.unlink(missing_ok=True)
    return path.read_text().strip()


def _secret() -> str:
    """The key from the environment, a file, or (embedded default only) one made on the first start and kept in var/."""
    if key := env("SECRET_KEY", default=""):
        return str(key)
    return _made_once(Path(env("SECRET_KEY_FILE", default=str(DATA_DIR / "secret"))), secrets.token_urlsafe(64))


def _file_keys() -> str:
    """The keys of confidential files likewise; a file that is named but not there is no reason to make another key."""
    if keys := env("FILE_KEYS", default=""):
        return str(keys)
    if path := env("FILE_KEYS_FILE", default=""):
        return Path(path).read_text().strip() if Path(path).exists() else ""
    made = f"{secrets.token_hex(3)}:{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return _made_once(DATA_DIR / "file-keys", made)


SECRET_KEY = _secret()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
FILE_KEYS = _file_keys()  # NAME:BASE64, the current one first, then those that older files still need (core/vault.py)
FILE_KEYS_SET = bool(env("FILE_KEYS", default="") or env("FILE_KEYS_FILE", default=""))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
TLS = SITE_URL.startswith("https://")
ADMIN_SITE = env.bool("ADMIN_SITE", default=True)  # Django admin; switch off on a public host

# ── The house ───────────────────────────────────────────────────────────────────────────────────
INSTALLED_APPS = [
    "channelportal.core",
    "accounts",
    "feedback",
    "notices",
    "partners",
    "channelportal.supervision",
    "channelportal.demo",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_prose_editor",  # for the engine of the editor among its static files
    "django_htmx",
    "django_prometheus",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",  # its backup codes
    "captcha",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "channelportal.core.middleware.RequestMiddleware",  # request id, client address, input sanity, no-store, error pages
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",  # before static files: a drawing opened by itself runs nothing either
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LanguageMiddleware",  # the person's own language, else the cookie's, else Chinese
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.GateMiddleware",  # login required, session limits, the monthly password, the agreement
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "channelportal.urls"
WSGI_APPLICATION = "channelportal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "channelportal.shell.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "channelportal.core.templatetags.portal",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# ── Database ────────────────────────────────────────────────────────────────────────────────────
_database_url = env("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR}/data/portal.sqlite3"
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(_database_url)}
_db = DATABASES["default"]
if _db["ENGINE"].endswith("sqlite3"):
    if _db["NAME"] not in ("", ":memory:"):
        Path(_db["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE + WAL: no "database is locked" between web, worker and beat (with the defaults one write in twelve failed)
    _db["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-32000;",
    }
else:
    _db["CONN_MAX_AGE"] = 60
    _db["CONN_HEALTH_CHECKS"] = True
    # jobs get 60 s (celery.py sets it for its processes), the web 5 s
    _statement_timeout = env.int("DB_STATEMENT_TIMEOUT_MS", default=5000)
    _db["OPTIONS"] = {
        "options": f"-c statement_timeout={_statement_timeout} -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ── People ──────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.PortalBackend",  # account name, e-mail or phone; one-time passwords; same time for unknown accounts
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_MONITOR_USER_MODEL = True
GUARDIAN_USER_OBJ_PERMS_MODEL = "guardian.UserObjectPermission"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if DEMO:  # passwords of the demo are of a kind that only the demo knows
    PASSWORD_HASHERS.insert(0, "channelportal.demo.hashers.DemoHasher")
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = []  # accounts/passwords.py holds the rules, with their tests
SESSION_ENGINE = "channelportal.core.sessions"  # the rows of Django, written once
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_NAME = "__Host-session" if TLS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if TLS else "csrf"
CSRF_FAILURE_VIEW = "channelportal.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_IDLE = timedelta(minutes=env.int("SESSION_IDLE_MINUTES", default=30))  # polling does not count
AXES_LOCK_OUT_AT_FAILURE = (
    False  # it keeps the record of failures; the lock is accounts/backends.py, which counts before it hashes
)
AXES_DISABLE_ACCESS_LOG = True  # who signed in, when, from where: audit trail, list of sessions
AXES_CLIENT_IP_CALLABLE = "channelportal.core.middleware.client_address"
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "channelportal"
# the three administrators sign in with a second factor; the demo's may be tried without a phone
SECOND_FACTOR = env.bool("SECOND_FACTOR", default=not DEMO)
CAPTCHA_CHALLENGE_FUNCT = "captcha.helpers.math_challenge"
CAPTCHA_TIMEOUT = 20  # minutes: people type slowly on a phone
CAPTCHA_FONT_SIZE = 30
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many proxies in front append to X-Forwarded-For

# ── HTTP ────────────────────────────────────────────────────────────────────────────────────────
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = TLS
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_PERMISSIONS = 0o600
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)  # one file
# where an upload over 1 MB lies, in the clear, until its form was read: memory, not a disk, where files are confidential
FILE_UPLOAD_TEMP_DIR = env("UPLOAD_TEMP_DIR", default="") or None
UPLOAD_ROOT = DATA_DIR / "files"  # outside static, served by the owning app's view only
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_ROOT.exists()
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(UPLOAD_ROOT)}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT.exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# ── Language and time ───────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "channelportal" / "locale"]
TIME_ZONE = "Asia/Shanghai"  # the day decides here; moments are stored in UTC
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = ["channelportal.formats"]

# ── Jobs ────────────────────────────────────────────────────────────────────────────────────────
REDIS_URL = env("REDIS_URL", default="")
BROKER_DIR = DATA_DIR / "broker"
SWEEP_BATCH = env.int("SWEEP_BATCH", default=500)
# from one sweep to the next; mail and posts of robots go out and rows are sealed twice as often
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=60)

# ── Mail ────────────────────────────────────────────────────────────────────────────────────────
# Embedded default: written to files, so that nothing leaves a machine that nobody configured.
EMAIL_CONFIGURED = bool(env("EMAIL_URL", default=""))
_mail: dict[str, Any] = env.email("EMAIL_URL") if EMAIL_CONFIGURED else {}
EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH") or str(DATA_DIR / "mail")
EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST", "localhost"), _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER", ""), _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("MAIL_FROM", default="portal@localhost")
# host=http://gateway:9900,… for servers that reach the makers of group robots through a gateway only (core/outward.py)
ROBOT_RELAYS = env("ROBOT_RELAYS", default="")

# ── What is watched ─────────────────────────────────────────────────────────────────────────────
LOG_FORMAT = env("LOG_FORMAT", default="plain")  # plain or json
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "channelportal.core.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # who asks /metrics from another machine brings it as a bearer
if _dsn := env("SENTRY_DSN", default=""):
    import sentry_sdk

    sentry_sdk.init(dsn=_dsn, send_default_pii=False)

SILENCED_SYSTEM_CHECKS = ["guardian.W001", "models.W036", "models.W037"]
