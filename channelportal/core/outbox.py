"""Mail, written as a row in the transaction of what happened and sent by `deliver`: nothing lost, nothing sent in a request.

Sent at least once, with one Message-ID per message. Codes and data; the reader's language is chosen at sending.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channelportal.core.models import OutboxMessage


def put(
    kind: str,
    *,
    key: str,
    to: Any = None,
    address: str = "",
    data: dict[str, Any] | None = None,
    bundle: str = "",
    subject_key: str = "",
    at: datetime,
    not_before: datetime | None = None,
) -> None:
    """Queue one message for a person (`to`) or an address. The same key a second time is ignored.

    `kind` names the templates emails/<kind>-subject.txt and .txt/.html; messages of one person with the same `bundle` that wait
    at the same time go out as one mail (template emails/<bundle>-…, context `items`). `subject_key` is what `cancel` takes.
    `not_before`: the delivery window's opening (`ladder.delivery_time`); else at once."""
    row = OutboxMessage(
        key=key, kind=kind, user=to, address=address, data=data or {}, bundle=bundle,
        subject_key=subject_key, created_at=at, next_attempt_at=not_before or at,
    )  # fmt: skip
    OutboxMessage.objects.bulk_create([row], ignore_conflicts=True)


def cancel(subject_key: str) -> int:
    """Cancel what still waits about this subject (a due moment that moved, a ticket withdrawn). Returns how many."""
    return OutboxMessage.objects.filter(subject_key=subject_key, state=OutboxMessage.State.WAITING).update(
        state=OutboxMessage.State.CANCELLED
    )
