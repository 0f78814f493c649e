"""The addresses that messages point at, so that the verbs are tested without their pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from channelportal import urls


def _page(_request: HttpRequest, **_values: int) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    *urls.urlpatterns,
    path("meetings/", _page, name="meetings"),
    path("meetings/<int:pk>/", _page, name="meeting"),
]
