"""The portal with one page more: a form with formatted text, and an address that takes pictures."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path

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


def paper(request: HttpRequest) -> HttpResponse:
    """The form, filled from ?body=; what was sent, once it is good."""
    form = PaperForm(request.POST or None, initial={"body": request.GET.get("body", "")})
    if form.is_valid():
        return render(request, "parts/_rich.html", {"body": form.cleaned_data["body"]})
    fragment = bool(request.headers.get("HX-Request"))
    whole = "parts/_form.html" if fragment else "layouts/form.html"
    return render(request, whole, {"form": form, "submit": "发布", "draft": "/try/draft/"})


def picture(request: HttpRequest) -> JsonResponse:
    file = request.FILES["file"]
    if "bad" in (file.name or ""):
        return JsonResponse({"error": "图片太大。"}, status=422)
    return JsonResponse({"url": ADDRESS})


def draft(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def shown(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(PIXEL, content_type="image/png")


urlpatterns = [
    path("try/paper/", paper),
    path("try/picture/", picture),
    path("try/draft/", draft),
    path(ADDRESS[1:], shown),
    path("", include("channelportal.urls")),
]
