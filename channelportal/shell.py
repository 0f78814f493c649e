"""What every page's frame shows: navigation by what one may do, the bell, the days left on the password."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell`, see templates/base.html."""
    return {"shell": {}}
