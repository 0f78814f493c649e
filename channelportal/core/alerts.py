"""Lines under the bell. Written in the transaction of what happened, as codes and data; worded when read (`wording`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from channelportal.core.models import Alert


def tell(users: Iterable[Any], kind: str, *, key: str, url: str, at: datetime, data: dict[str, Any] | None = None) -> None:
    """One alert for each person; the same key to the same person a second time is ignored. `url` is a path on this site."""
    rows = [Alert(user=user, key=key, kind=kind, url=url, data=data or {}, created_at=at) for user in dict.fromkeys(users)]
    Alert.objects.bulk_create(rows, ignore_conflicts=True)
