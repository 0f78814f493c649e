"""Applications to receive a kind of notice."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import subscriptions

urlpatterns: list[URLPattern] = [
    path("notices/subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("notices/subscriptions/given/", subscriptions.given, name="subscriptions-given"),
    path("notices/subscriptions/apply/<int:pk>/", subscriptions.apply, name="subscription-apply"),
    path("notices/subscriptions/<int:pk>/", subscriptions.subscription, name="subscription"),
    path("notices/subscriptions/<int:pk>/grant/", subscriptions.grant, name="subscription-grant"),
    path("notices/subscriptions/<int:pk>/refuse/", subscriptions.refuse, name="subscription-refuse"),
    path("notices/subscriptions/<int:pk>/revoke/", subscriptions.revoke, name="subscription-revoke"),
    path("notices/subscriptions/<int:pk>/end/", subscriptions.end, name="subscription-end"),
]
