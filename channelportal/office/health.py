"""Is the portal well? For the load balancer and the watch: JSON, 200 or 503, nothing that a stranger could use."""

from __future__ import annotations

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

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
