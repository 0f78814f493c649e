"""Calendar, parameters, audit trail, parked messages."""

from __future__ import annotations

from django.urls import path

from channelportal.office import calendar, health, parameters, trail

urlpatterns = [
    path("calendar/", calendar.year, name="calendar"),
    path("calendar/import/", calendar.import_plan, name="calendar-import"),
    path("calendar/publish/", calendar.publish, name="calendar-publish"),
    path("calendar/day/", calendar.set_day, name="calendar-day"),
    path("calendar/day/confirm/", calendar.confirm_day, name="calendar-day-confirm"),
    path("calendar/day/clear/", calendar.clear_day, name="calendar-day-clear"),
    path("parameters/", parameters.parameters, name="parameters"),
    path("audit/", trail.audit_list, name="audit"),
    path("outbox/parked/", trail.parked, name="outbox-parked"),
    path("outbox/<int:pk>/resend/", trail.resend, name="outbox-resend"),
    path("outbox/<int:pk>/cancel/", trail.cancel, name="outbox-cancel"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]
