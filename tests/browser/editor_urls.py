"""A form with formatted text, an address that takes pictures, two versions compared: pages to try the parts on."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import engines
from django.urls import include, path

from accounts.gate import public
from channelportal.core.fields import LineField, RichTextField

PICTURE = UUID("0190a2b4-1111-7abc-8def-0123456789ab")
ADDRESS = f"/notices/pictures/{PICTURE}/"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


class PaperForm(forms.Form):
    title = LineField(label="标题", initial="五月价格")
    body = RichTextField(label="正文", help_text="写清从何时起执行。", max_length=2_000)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.fields["body"].widget.attrs["data-picture-url"] = "/try/picture/"


PAGE = """{% extends 'layouts/document.html' %}{% block title %}试写{% endblock %}{% block body %}
<main class="main" id="main"><h1>试写</h1>
{% if form %}{% include 'parts/_form.html' %}{% elif body %}{% include 'parts/_rich.html' %}
{% else %}{% compare old new %}{% endif %}</main>
{% endblock %}"""


def page(request: HttpRequest, context: dict[str, object]) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render(context, request))


@public
def paper(request: HttpRequest) -> HttpResponse:
    """The form, filled from ?body=; what was sent, once it is good."""
    form = PaperForm(request.POST or None, initial={"body": request.GET.get("body", "")})
    if form.is_valid():
        return render(request, "parts/_rich.html", {"body": form.cleaned_data["body"]})
    context = {"form": form, "submit": "发布", "draft": "/try/draft/"}
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "parts/_form.html", context) if fragment else page(request, context)


@public
def read(request: HttpRequest) -> HttpResponse:
    return page(request, {"body": request.GET["body"]})


@public
def versions(request: HttpRequest) -> HttpResponse:
    return page(request, {"old": request.GET["old"], "new": request.GET["new"]})


@public
def picture(request: HttpRequest) -> JsonResponse:
    file = request.FILES["file"]
    if "bad" in (file.name or ""):
        return JsonResponse({"error": "图片太大。"}, status=422)
    return JsonResponse({"url": ADDRESS})


@public
def draft(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


@public
def shown(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(PIXEL, content_type="image/png")


urlpatterns = [
    path("try/paper/", paper),
    path("try/read/", read),
    path("try/versions/", versions),
    path("try/picture/", picture),
    path("try/draft/", draft),
    path(ADDRESS[1:], shown),
    path("", include("channelportal.urls")),
]
