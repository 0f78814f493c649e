"""Alerts, long jobs, drafts."""

from __future__ import annotations

from django.urls import path

from channelportal.core import views

urlpatterns = [
    path("alerts/", views.alert_list, name="alerts"),
    path("alerts/bell/", views.bell, name="alerts-bell"),
    path("alerts/read/", views.alerts_read, name="alerts-read"),
    path("alerts/<int:pk>/open/", views.alert_open, name="alert-open"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/file/", views.job_file, name="job-file"),
    path("drafts/<str:form>/", views.draft, name="draft"),
    path("drafts/<str:form>/forget/", views.draft_forget, name="draft-forget"),
]
