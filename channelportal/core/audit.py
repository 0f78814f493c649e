"""The audit trail: written by the verb in its transaction, sealed into a hash chain within a minute, verified by command.

Rows are inserted plain, so writers never queue for the chain; `seal` gives each its place in order of id (ids that commit
late get theirs in the next pass). Source: 002 第十一/十三条; 003.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models, transaction
from django.db.models import Exists, Max, OuterRef

from channelportal.core import outbox
from channelportal.core.clock import now
from channelportal.core.context import facts
from channelportal.core.models import AuditEntry, AuditSeal
from channelportal.lib.workdays import local_date

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
    return AuditEntry.objects.create(**_values(action, obj, by=by, result=result, data=data, at=at or now()))


def prepare(
    action: str, obj: models.Model | None, *, at: datetime, data: dict[str, Any] | None = None, by: Any = None
) -> AuditEntry:
    """The same, unsaved, for `bulk_create` in a batch."""
    return AuditEntry(**_values(action, obj, by=by, result=AuditEntry.Result.OK, data=data, at=at))


def _values(
    action: str, obj: models.Model | None, *, by: Any, result: str, data: dict[str, Any] | None, at: datetime
) -> dict[str, Any]:
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
        "object_name": _name(obj)[:LONGEST_NAME] if obj is not None else "",
        "result": result,
        "data": mask(data or {}),
    }


def _name(obj: models.Model) -> str:
    """A model whose name says too much (what is confidential) has a `trail_name` of its own."""
    return getattr(obj, "trail_name", "") or str(obj)


def mask(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with the values of secret-looking names replaced by three asterisks, at any depth."""
    return {name: _masked(name, value) for name, value in data.items()}


def _masked(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in SECRET_WORDS):
        return "***"
    return mask(value) if isinstance(value, dict) else value


# ── the chain ───────────────────────────────────────────────────────────────────────────────────

_SEALER = 0x5EA1  # the number of PostgreSQL's advisory lock
LATE_IDS = 50_000  # how far behind the newest sealed id a pass looks for rows that were committed late
LATEST_COMMIT = timedelta(hours=1)  # no transaction is open for longer
START = "0" * 64


def seal(limit: int = 5_000, *, at: datetime | None = None, everywhere: bool = False) -> int:
    """Give the next `limit` rows their place in the chain, in order of id; returns how many. Of several sealers one works.
    `everywhere` looks at all ids instead of the recent ones (once a day)."""
    moment = at or now()
    with transaction.atomic():
        if not _alone():
            return 0
        last = AuditSeal.objects.order_by("-number").first()
        number, head = (last.number, last.hash) if last else (0, START)
        rows = AuditEntry.objects.filter(~Exists(AuditSeal.objects.filter(entry=OuterRef("pk"))))
        if last and not everywhere:
            newest = AuditSeal.objects.aggregate(newest=Max("entry_id"))["newest"]
            rows = rows.filter(pk__gt=newest - LATE_IDS)
        seals = []
        for entry in rows.order_by("pk")[:limit]:
            number, previous, head = number + 1, head, digest(head, entry)
            seals.append(AuditSeal(number=number, entry=entry, previous=previous, hash=head, at=moment))
        AuditSeal.objects.bulk_create(seals, batch_size=1_000)
    return len(seals)


def seal_all(at: datetime) -> int:
    """Seal until nothing is left; at most 50 batches, the next pass goes on."""
    total = 0
    for _batch in range(50):
        sealed = seal(at=at)
        total += sealed
        if sealed < 5_000:
            break
    return total


def _alone() -> bool:
    """Whether this transaction is the only sealer. On SQLite every writing transaction is alone."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEALER])
        return bool(cursor.fetchone()[0])


def digest(previous: str, entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and the row as canonical JSON (keys sorted, no spaces, moments in UTC)."""
    content = {
        "id": entry.pk,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "role": entry.role,
        "unit": entry.unit_id,
        "address": entry.address,
        "request": entry.request_id,
        "action": entry.action,
        "object": [entry.object_type, entry.object_id, entry.object_name],
        "result": entry.result,
        "data": entry.data,
    }
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


@dataclass(frozen=True)
class Broken:
    """The first place where the chain does not hold. `what`: altered, removed, inserted, seal (the seal itself was changed),
    head (the chain is not the one whose head was noted)."""

    what: str
    number: int
    entry_id: int | None


@dataclass(frozen=True)
class Verified:
    """How far the chain was read, its head, how many rows still wait for their seal, and the first broken place (None: whole)."""

    sealed: int
    head: str
    unsealed: int
    broken: Broken | None


def verify(head: tuple[int, str] | None = None) -> Verified:
    """Read the whole chain. `head`: a number and hash noted earlier (the daily mail), which must still be in it."""
    number, previous, broken = 0, START, None
    watch = _Latecomers()
    for one in AuditSeal.objects.select_related("entry").order_by("number").iterator(chunk_size=2_000):
        broken = _look(one, number, previous, watch, head)
        if broken:
            break
        number, previous = one.number, one.hash
    if broken is None and head is not None and number < head[0]:
        broken = Broken("removed", number + 1, None)
    unsealed = AuditEntry.objects.filter(~Exists(AuditSeal.objects.filter(entry=OuterRef("pk")))).count()
    return Verified(number, previous, unsealed, broken)


def _look(
    one: AuditSeal, number: int, previous: str, watch: _Latecomers, head: tuple[int, str] | None
) -> Broken | None:
    if one.number != number + 1:
        return Broken("removed", number + 1, None)
    if one.previous != previous:
        return Broken("seal", one.number, one.entry_id)
    if digest(previous, one.entry) != one.hash:
        return Broken("altered", one.number, one.entry_id)
    if watch.came_too_late(one):
        return Broken("inserted", one.number, one.entry_id)
    if head is not None and head[0] == one.number and head[1] != one.hash:
        return Broken("head", one.number, one.entry_id)
    return None


class _Latecomers:
    """Ids that were sealed long after higher ones: no transaction is open that long, so the row was slipped in."""

    def __init__(self) -> None:
        self.recent: deque[tuple[datetime, int]] = deque()
        self.highest = 0  # the highest id sealed more than an hour before the present seal

    def came_too_late(self, one: AuditSeal) -> bool:
        while self.recent and self.recent[0][0] < one.at - LATEST_COMMIT:
            self.highest = max(self.highest, self.recent.popleft()[1])
        if not self.recent or self.recent[-1][1] < one.entry_id:
            self.recent.append((one.at, one.entry_id))
        return one.entry_id < self.highest


def send_head(at: datetime) -> int:
    """The head of the chain to every audit administrator by mail, so that a later rewriting does not go unseen."""
    seal(at=at, everywhere=True)
    last = AuditSeal.objects.order_by("-number").first()
    if last is None:
        return 0
    model: Any = get_user_model()
    people = model.objects.filter(admin_role="audit", is_active=True)
    data = {"number": last.number, "hash": last.hash, "day": local_date(at).isoformat()}
    for person in people:
        outbox.put("audit-head", key=f"audit-head:{data['day']}:{person.pk}", to=person, data=data, at=at)
    return len(people)
