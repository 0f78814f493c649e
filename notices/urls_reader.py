"""Reading: lists, the archive, the page of a notice, its files and receipts."""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import lists, page, receipts

urlpatterns: list[URLPattern] = [
    path("notices/", lists.notices, name="notices"),
    path("notices/archive/", lists.archive, name="notice-archive"),
    path("notices/<int:pk>/", page.notice, name="notice"),
    path("notices/<int:pk>/progress/", page.progress, name="notice-progress"),
    path("notices/<int:pk>/compare/", page.compare, name="notice-compare"),
    path("notices/<int:pk>/files/<uuid:file_id>/", page.file, name="notice-file"),
    path("notices/<int:pk>/acknowledge/", receipts.acknowledge, name="notice-acknowledge"),
    path("notices/<int:pk>/receipts/", receipts.receipts, name="notice-receipts"),
    path("notices/<int:pk>/remind/", receipts.remind, name="notice-remind"),
]
