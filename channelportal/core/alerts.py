"""Lines under the bell. Written in the transaction of what happened, as codes and data; worded when read (`wording`)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template

from channelportal.core.models import Alert


def tell(
    users: Iterable[Any], kind: str, *, key: str, url: str, at: datetime, data: dict[str, Any] | None = None
) -> None:
    """One alert for each person; the same key to the same person a second time is ignored. `url` is a path on this site."""
    rows = [
        Alert(user=user, key=key, kind=kind, url=url, data=data or {}, created_at=at) for user in dict.fromkeys(users)
    ]
    Alert.objects.bulk_create(rows, ignore_conflicts=True)


def unread(user: Any) -> int:
    """The bell's number."""
    return Alert.objects.filter(user=user, read_at=None).count()


def read(user: Any, at: datetime, alert_id: int | None = None) -> int:
    """The person has read one of his alerts, or all of them. Returns how many were new."""
    mine = Alert.objects.filter(user=user, read_at=None)
    return (mine.filter(pk=alert_id) if alert_id else mine).update(read_at=at)


def wording(alert: Alert) -> str:
    """The alert as one line in the active language (templates/alerts/<kind>.txt); its code where nobody wrote one."""
    return line(f"alerts/{alert.kind}.txt", alert.data) or alert.kind


def line(template: str, data: dict[str, Any]) -> str:
    """A one-line text template filled in, unescaped (whoever shows it escapes it); "" if there is none."""
    try:
        found: Any = get_template(template)
    except TemplateDoesNotExist:
        return ""
    return " ".join(str(found.template.render(Context(data, autoescape=False))).split())
