"""Addresses of the supervising department."""

from django.urls import path

from channelportal.supervision import notices, views

urlpatterns = [
    path("supervision/", views.supervision, name="supervision"),
    path("supervision/notices/", notices.figures, name="supervision-notices"),
]
