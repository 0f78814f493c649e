"""The address plan. One URL per verb; each app brings its own."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

urlpatterns: list[URLPattern | URLResolver] = []
if settings.ADMIN_SITE:
    urlpatterns.append(path("admin/", admin.site.urls))
