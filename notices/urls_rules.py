"""/rules/…"""

from __future__ import annotations

from django.urls import URLPattern, path

from notices.views import rules

urlpatterns: list[URLPattern] = [
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.new, name="rule-new"),
    path("rules/<int:pk>/", rules.rule, name="rule"),
    path("rules/<int:pk>/draft/", rules.draft, name="rule-draft"),
    path("rules/<int:pk>/settings/", rules.settings, name="rule-settings"),
    path("rules/<int:pk>/compare/", rules.compare, name="rule-compare"),
    path("rules/<int:pk>/review/", rules.review, name="rule-review"),
    path("rules/<int:pk>/files/<uuid:file_id>/", rules.file, name="rule-file"),
    path("rules/<int:pk>/pictures/<uuid:file_id>/", rules.picture, name="rule-picture"),
    *(
        path(f"rules/<int:pk>/<int:number>/{verb}/", rules.verb, {"path": verb}, name=f"rule-{verb}")
        for verb in ("send", "approve", "send-back", "drop")
    ),
]
