"""Writing, approving, correcting; kinds and pictures."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import kinds, pictures

urlpatterns: list[URLPattern] = [
    path("notices/kinds/", kinds.kinds, name="notice-kinds"),
    path("notices/kinds/new/", kinds.edit, name="notice-kind-new"),
    path("notices/kinds/<int:pk>/", kinds.edit, name="notice-kind"),
    path("notices/pictures/", pictures.upload, name="picture-upload"),
    path("notices/pictures/<uuid:file_id>/", pictures.picture, name="notice-picture"),
]
