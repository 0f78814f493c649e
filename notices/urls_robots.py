"""Robots of group chats."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import robots

urlpatterns: list[URLPattern] = [
    path("notices/robots/", robots.robots, name="robots"),
    path("notices/robots/new/", robots.new, name="robot-new"),
    path("notices/robots/<int:pk>/", robots.edit, name="robot-edit"),
    path("notices/robots/<int:pk>/test/", robots.test, name="robot-test"),
    path("notices/robots/<int:pk>/switch/", robots.switch, name="robot-switch"),
    path("notices/robots/posts/<int:pk>/again/", robots.post_again, name="robot-post-again"),
]
