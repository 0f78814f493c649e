"""The page of a form: shown, or shown again with what is wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show_form(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """200 when asked for; 422 after a POST: whoever comes here then sent what could not be taken, and nothing was done."""
    return render(request, template, context, status=422 if request.method == "POST" else 200)
