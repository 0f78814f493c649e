"""The audit trail: written by the verb in its transaction, sealed into a hash chain within a minute, verified by command.

Rows are inserted plain, so writers never queue for the chain; `seal` gives each its place in order of id (ids that commit
late get theirs in the next pass). Source: 002 第十一/十三条; 003.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from channelportal.core.clock import now
from channelportal.core.context import facts
from channelportal.core.models import AuditEntry

SECRET_WORDS = ("password", "token", "secret", "hash", "key")
LONGEST_NAME = 120


def record(
    action: str,
    obj: models.Model | None = None,
    *,
    by: Any = None,
    result: str = AuditEntry.Result.OK,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> AuditEntry:
    """Write one row. `action` is a code such as "ticket.replied"; `by` the person (None: the engine or a stranger);
    `data` the difference, JSON-ready, in codes and not in translated text; what is secret in it is masked here."""
    return AuditEntry.objects.create(**_values(action, obj, by, result, data, at or now()))


def prepare(action: str, obj: models.Model | None, *, at: datetime, data: dict[str, Any] | None = None, by: Any = None) -> AuditEntry:
    """The same, unsaved, for `bulk_create` in a batch."""
    return AuditEntry(**_values(action, obj, by, AuditEntry.Result.OK, data, at))


def _values(action: str, obj: models.Model | None, by: Any, result: str, data: dict[str, Any] | None, at: datetime) -> dict[str, Any]:
    request = facts.get()
    known = by is not None and getattr(by, "pk", None) is not None
    return {
        "at": at,
        "actor": by if known else None,
        "actor_name": by.name if known else "",
        "role": (by.admin_role or by.role) if known else "",
        "unit_id": by.unit_id if known else None,
        "address": request.address,
        "request_id": request.request_id,
        "action": action,
        "object_type": obj._meta.label_lower if obj is not None else "",
        "object_id": str(obj.pk) if obj is not None else "",
        "object_name": str(obj)[:LONGEST_NAME] if obj is not None else "",
        "result": result,
        "data": mask(data or {}),
    }


def mask(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with the values of secret-looking names replaced by three asterisks, at any depth."""
    return {name: _masked(name, value) for name, value in data.items()}


def _masked(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in SECRET_WORDS):
        return "***"
    return mask(value) if isinstance(value, dict) else value
