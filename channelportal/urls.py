"""The address plan. One URL per verb; each app brings its own."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from channelportal import questions
from channelportal.help import help_page
from channelportal.home import home
from channelportal.search import search_page
from channelportal.supervision import doctor_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("channelportal.core.urls")),
    path("", include("channelportal.office.urls")),
    path("", include("accounts.urls_entrance")),
    path("", include("accounts.urls_organisation")),
    path("", include("feedback.urls")),
    path("", include("notices.urls")),
    path("notices/<int:pk>/ask/", questions.ask, name="notice-ask"),
    path("notices/<int:pk>/questions/", questions.questions, name="notice-questions"),
    path("notices/<int:pk>/questions/<int:ticket_id>/", questions.publish, name="notice-answer"),
    path("notices/<int:pk>/answers/<int:answer_id>/remove/", questions.remove, name="notice-answer-remove"),
    path("", include("partners.urls")),
    path("", home, name="home"),
    path("search/", search_page, name="search"),
    path("help/", help_page, name="help"),
    path("", include("channelportal.supervision.urls")),
    path("doctor/", doctor_views.doctor, name="doctor"),
]
if settings.ADMIN_SITE:
    urlpatterns.append(path("admin/", admin.site.urls))

handler400 = "channelportal.errors.bad_request"
handler403 = "channelportal.errors.forbidden"
handler404 = "channelportal.errors.not_found"
handler500 = "channelportal.errors.failure"
