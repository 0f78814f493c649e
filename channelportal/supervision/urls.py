"""Addresses of the supervising department."""

from django.urls import path

from channelportal.supervision import views

urlpatterns = [path("supervision/", views.supervision, name="supervision")]
