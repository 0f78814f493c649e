"""/notices/…, /meetings/…, /rules/…. Each paper brings its own list; one address for each verb."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from notices import urls_author, urls_meetings, urls_reader, urls_robots, urls_rules, urls_subscriptions

urlpatterns: list[URLPattern | URLResolver] = [
    *urls_author.urlpatterns,
    *urls_rules.urlpatterns,
    *urls_reader.urlpatterns,
    *urls_meetings.urlpatterns,
    *urls_robots.urlpatterns,
    *urls_subscriptions.urlpatterns,
]
