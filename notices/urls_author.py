"""Writing, approving, correcting; kinds and pictures. One address for each verb, named `notice-<verb>`."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import approving, correcting, drafting, kinds, pictures, verbs
from notices.views.verbs import VERBS

urlpatterns: list[URLPattern] = [
    path("notices/new/", drafting.new, name="notice-new"),
    path("notices/request/", drafting.new_request, name="notice-request-new"),
    path("notices/audience/", drafting.audience, name="notice-audience"),
    path("notices/audience/find/", drafting.find, name="notice-find"),
    path("notices/approve/", approving.approve_many, name="notice-approve-many"),
    path("notices/<int:pk>/edit/", drafting.edit, name="notice-edit"),
    path("notices/<int:pk>/approve/", approving.approve, name="notice-approve"),
    path("notices/<int:pk>/return/", approving.send_back, name="notice-return"),
    path("notices/<int:pk>/correct/", correcting.correct, name="notice-correct"),
    *(
        path(f"notices/<int:pk>/{one.path}/", verbs.verb, {"path": one.path}, name=f"notice-{one.path}")
        for one in VERBS
    ),
    path("notices/kinds/", kinds.kinds, name="notice-kinds"),
    path("notices/kinds/new/", kinds.edit, name="notice-kind-new"),
    path("notices/kinds/<int:pk>/", kinds.edit, name="notice-kind"),
    path("notices/pictures/", pictures.upload, name="picture-upload"),
    path("notices/pictures/<uuid:file_id>/", pictures.picture, name="notice-picture"),
]
