"""Addresses of the supervising department."""

from django.urls import path

from channelportal.supervision import behind, notices, views

urlpatterns = [
    path("supervision/", views.supervision, name="supervision"),
    path("supervision/behind/", behind.behind, name="supervision-behind"),
    path("supervision/notices/", notices.figures, name="supervision-notices"),
]
