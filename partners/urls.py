"""Addresses of the channels. One per tab and verb."""

from __future__ import annotations

from django.urls import path

from partners import views

urlpatterns = [
    path("channels/", views.channels, name="channels"),
    path("channels/<int:pk>/", views.channel, name="channel"),
    path("channels/<int:pk>/people/", views.channel_people, name="channel-people"),
    path("channels/<int:pk>/tickets/", views.channel_tickets, name="channel-tickets"),
    path("channels/<int:pk>/contact/", views.channel_contact, name="channel-contact"),
    path("channels/<int:pk>/contact/set/", views.channel_contact_set, name="channel-contact-set"),
]
