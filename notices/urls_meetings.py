"""/meetings/…. One address for each verb."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import meeting_kinds, meeting_overviews

urlpatterns: list[URLPattern] = [
    path("meetings/calendar/", meeting_overviews.by_month, name="meeting-calendar"),
    path("meetings/frequency/", meeting_overviews.frequency, name="meeting-frequency"),
    path("meetings/kinds/", meeting_kinds.kinds, name="meeting-kinds"),
    path("meetings/kinds/new/", meeting_kinds.edit, name="meeting-kind-new"),
    path("meetings/kinds/<int:pk>/", meeting_kinds.edit, name="meeting-kind"),
]
