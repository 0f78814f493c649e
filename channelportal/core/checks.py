"""System checks: wrong settings and missing rows, each with an id and the remedy.

portal.E001 secret key · E002 DEBUG on a public site · E003 SITE_URL's host not allowed · W001 DEBUG · W002 mail not configured ·
W003 SQLite behind a broker that other hosts can reach · W004 a calendar year is missing · E004 FILE_KEYS cannot be used ·
W005 FILE_KEYS not set beside a database server · W006 files whose key is not among FILE_KEYS · E005 ROBOT_RELAYS cannot be used ·
E006 UPLOAD_TEMP_DIR is no folder
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError
from django.http.request import validate_host
from django.utils.timezone import localdate

from channelportal.core import calendar, outward, vault
from channelportal.core.models import StoredFile

LEAST_KEY: Final = 50
NEAR: Final = ("localhost", "127.0.0.1", "::1", None)


@checks.register
def settings_fit(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    return [*_key(), *_debug(), *_host(), *_mail(), *_sqlite(), *_file_keys(), *_upload_folder(), *_relays()]


@checks.register
def calendar_years(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """From 1 November next year's arrangement is asked for. Nothing is said where there is no database yet."""
    try:
        missing = calendar.current(fresh=True).missing_years(localdate())
    except DatabaseError:
        return []
    return [
        checks.Warning(
            f"The working-day calendar of {year} is missing; deadlines in it are estimated and marked provisional.",
            hint="Import it on the calendar page, or with manage.py import_calendar FILE.",
            id="portal.W004",
        )
        for year in missing
    ]


@checks.register
def file_keys_complete(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    try:
        known = set(vault.keys())
        needed = set(StoredFile.objects.exclude(key_id="").order_by().values_list("key_id", flat=True).distinct())
    except (DatabaseError, vault.BadKeys):
        return []
    return [
        checks.Warning(
            f"Confidential files were encrypted with the key {key_id}, which FILE_KEYS does not have: nobody can open them.",
            hint="Add that key at the end of FILE_KEYS; manage.py rotate_file_keys --check says when nothing needs it any more.",
            id="portal.W006",
        )
        for key_id in sorted(needed - known)
    ]


def _key() -> Iterator[checks.CheckMessage]:
    key = settings.SECRET_KEY
    if settings.DEMO or (len(key) >= LEAST_KEY and len(set(key)) >= 10 and not key.startswith("django-insecure")):
        return
    hint = f"Set SECRET_KEY to at least {LEAST_KEY} random characters, or leave it out: one is made and kept."
    yield checks.Error("SECRET_KEY is too weak.", hint=hint, id="portal.E001")


def _debug() -> Iterator[checks.CheckMessage]:
    if not settings.DEBUG or settings.DEMO:
        return
    hint = "Take DEBUG out of the environment."
    if settings.TLS:
        yield checks.Error("DEBUG is on for a public site; it shows secrets to strangers.", hint=hint, id="portal.E002")
    else:
        yield checks.Warning("DEBUG is on.", hint=hint, id="portal.W001")


def _host() -> Iterator[checks.CheckMessage]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    shown = f"[{host}]" if ":" in host else host
    if not validate_host(shown, settings.ALLOWED_HOSTS):
        hint = f"Add {shown or 'the host'} to ALLOWED_HOSTS, or correct SITE_URL."
        yield checks.Error(f"SITE_URL ({settings.SITE_URL}) is not among ALLOWED_HOSTS.", hint=hint, id="portal.E003")


def _mail() -> Iterator[checks.CheckMessage]:
    if settings.EMAIL_CONFIGURED or settings.DEMO:
        return
    hint = "Set EMAIL_URL, for example smtp+tls://account:password@mail.example.com:587."
    yield checks.Warning(
        f"Mail is not configured; it is written to {settings.EMAIL_FILE_PATH}.", hint=hint, id="portal.W002"
    )


def _sqlite() -> Iterator[checks.CheckMessage]:
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if sqlite and settings.REDIS_URL and urlsplit(settings.REDIS_URL).hostname not in NEAR:
        hint = "Set DATABASE_URL to PostgreSQL; an SQLite file serves the processes of one machine only."
        yield checks.Warning("SQLite is used with a broker on another host.", hint=hint, id="portal.W003")


def _file_keys() -> Iterator[checks.CheckMessage]:
    try:
        vault.parse(settings.FILE_KEYS)
    except vault.BadKeys as why:
        hint = "FILE_KEYS is NAME:BASE64 of 32 random bytes, several with commas between, the current one first."
        yield checks.Error(f"FILE_KEYS cannot be used. {why}", hint=hint, id="portal.E004")
        return
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if not (settings.FILE_KEYS_SET or settings.DEMO or sqlite):
        hint = "Set FILE_KEYS to what stands in DATA_DIR/file-keys, keep it apart from backups, and remove that file."
        yield checks.Warning("The key of confidential files lies beside them.", hint=hint, id="portal.W005")


def _relays() -> Iterator[checks.CheckMessage]:
    try:
        outward.relays(settings.ROBOT_RELAYS)
    except outward.BadRelays as why:
        hint = (
            "ROBOT_RELAYS is HOST=ADDRESS, several with commas between, as in oapi.dingtalk.com=http://10.0.0.5:9900."
        )
        yield checks.Error(f"ROBOT_RELAYS cannot be used. {why}", hint=hint, id="portal.E005")


def _upload_folder() -> Iterator[checks.CheckMessage]:
    folder = settings.FILE_UPLOAD_TEMP_DIR
    if folder and not os.access(folder, os.W_OK | os.X_OK):
        hint = "Name a folder in which the portal may write (/dev/shm), or leave it out."
        yield checks.Error(
            "UPLOAD_TEMP_DIR is no such folder: larger files cannot be uploaded.", hint=hint, id="portal.E006"
        )
