"""/tickets/…, /kinds/, /ladder/. One address for each verb, named `ticket-<verb>`."""

from __future__ import annotations

from django.urls import URLPattern, path

from feedback.views import filing, kinds, ladder, lists, page, verbs
from feedback.views.catalogue import VERBS

urlpatterns: list[URLPattern] = [
    path("tickets/", lists.tickets, name="tickets"),
    path("tickets/approve/", verbs.approve_many, name="tickets-approve"),
    path("tickets/new/", filing.new, name="ticket-new"),
    path("tickets/new/due/", filing.due, name="ticket-new-due"),
    path("tickets/new/draft/", filing.draft, {"form": filing.NEW}, name="ticket-new-draft"),
    path("tickets/enter/", filing.enter, name="ticket-enter"),
    path("tickets/enter/draft/", filing.draft, {"form": filing.ENTER}, name="ticket-enter-draft"),
    path("tickets/<int:pk>/", page.ticket, name="ticket"),
    path("tickets/<int:pk>/day/", page.day, name="ticket-day"),
    path("tickets/<int:pk>/related/", page.related, name="ticket-related"),
    path("tickets/<int:pk>/files/<uuid:file_id>/", page.file, name="ticket-file"),
    *(
        path(f"tickets/<int:pk>/{verb.path}/", verbs.verb, {"path": verb.path}, name=f"ticket-{verb.path}")
        for verb in VERBS
    ),
    path("kinds/", kinds.kinds, name="kinds"),
    path("kinds/new/", kinds.edit, name="kind-new"),
    path("kinds/<int:pk>/", kinds.edit, name="kind"),
    path("ladder/", ladder.ladder, name="ladder"),
    path("ladder/new/", ladder.edit, name="ladder-step-new"),
    path("ladder/<int:pk>/", ladder.edit, name="ladder-step"),
]
