"""Is the portal well? For the load balancer and the watch: JSON, 200 or 503, nothing that a stranger could use; and figures for
Prometheus, which strangers do not get at all."""

from __future__ import annotations

import hmac
import ipaddress
from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from accounts.gate import public
from channelportal.core import heartbeat
from channelportal.core.clock import now


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Database, migrations, and the loops that have not come round for too long (180 s for the sweep and the mail)."""
    try:
        stopped = sorted(heartbeat.stopped(now()))
        pending = 0 if _migrated() else _pending()
    except DatabaseError:
        return JsonResponse({"ok": False, "database": False}, status=503)
    ok = not stopped and not pending
    return JsonResponse(
        {"ok": ok, "database": True, "stopped": stopped, "migrations": pending}, status=200 if ok else 503
    )


@cache
def _migrated() -> bool:
    """Asked of the disk once: a process that started on an up-to-date database stays so (`cache` keeps only the first answer,
    so a process that saw pending migrations asks again below)."""
    return _pending() == 0


def _pending() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@public
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """To a watcher on this machine that came past the proxy, or who brings METRICS_TOKEN as a bearer; else there is none."""
    if not (_brings_token(request) or _from_here(request)):
        raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    return response


def _brings_token(request: HttpRequest) -> bool:
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, wanted)


def _from_here(request: HttpRequest) -> bool:
    """The peer itself, not what a header says; whoever a proxy of this machine speaks for is not from here."""
    if any(
        name in request.headers for name in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
    ):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
