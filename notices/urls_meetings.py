"""/meetings/…. One address for each verb."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import (
    meeting_kinds,
    meeting_minutes,
    meeting_overviews,
    meeting_page,
    meeting_verbs,
    meeting_writing,
    meetings,
)

urlpatterns: list[URLPattern] = [
    path("meetings/", meetings.meetings, name="meetings"),
    path("meetings/new/", meeting_writing.new, name="meeting-new"),
    path("meetings/new/hints/", meeting_writing.hints, name="meeting-hints"),
    path("meetings/calendar/", meeting_overviews.by_month, name="meeting-calendar"),
    path("meetings/frequency/", meeting_overviews.frequency, name="meeting-frequency"),
    path("meetings/kinds/", meeting_kinds.kinds, name="meeting-kinds"),
    path("meetings/kinds/new/", meeting_kinds.edit, name="meeting-kind-new"),
    path("meetings/kinds/<int:pk>/", meeting_kinds.edit, name="meeting-kind"),
    path("meetings/<int:pk>/", meeting_page.meeting, name="meeting"),
    path("meetings/<int:pk>/edit/", meeting_writing.edit, name="meeting-edit"),
    path("meetings/<int:pk>/minutes/", meeting_minutes.minutes, name="meeting-minutes"),
    path("meetings/<int:pk>/invitation.ics", meeting_page.ics, name="meeting-ics"),
    path("meetings/<int:pk>/files/<uuid:file_id>/", meeting_page.file, name="meeting-file"),
    path("meetings/<int:pk>/people/<int:row>/drop/", meeting_verbs.drop, name="meeting-drop"),
    *(
        path(f"meetings/<int:pk>/{verb.path}/", meeting_verbs.verb, {"path": verb.path}, name=f"meeting-{verb.path}")
        for verb in meeting_verbs.VERBS
    ),
    *(
        path(
            f"meetings/<int:pk>/actions/<int:action_id>/{name}/",
            meeting_verbs.action,
            {"path": name},
            name=f"meeting-action-{name}",
        )
        for name in meeting_verbs.ACTIONS
    ),
]
