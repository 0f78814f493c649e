"""/notices/…, /meetings/…, /rules/…. Each paper brings its own list; one address for each verb."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
