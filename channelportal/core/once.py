"""A creating form that is sent twice makes one thing: the form carries a key, and the key finds what it made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.apps import apps
from django.db import IntegrityError, models, transaction

from channelportal.core.models import Submission

M = TypeVar("M", bound=models.Model)


def once(user: Any, key: uuid.UUID, make: Callable[[], M]) -> tuple[M, bool]:
    """`make()` unless this person used this key before: (the object, whether it is new). Runs in one transaction; of several
    at the same moment one makes it and the others wait and find it."""
    try:
        with transaction.atomic():
            submission = Submission.objects.create(user=user, key=key, object_type="", object_id=0)
            made = make()
            submission.object_type, submission.object_id = made._meta.label_lower, made.pk
            submission.save(update_fields=["object_type", "object_id"])
            return made, True
    except IntegrityError:
        earlier = Submission.objects.filter(user=user, key=key).first()
        if earlier is None:  # it was make() that broke a constraint
            raise
    model: Any = apps.get_model(earlier.object_type)
    return model.objects.get(pk=earlier.object_id), False


class OnceMixin(forms.Form):
    """Gives a form its hidden key; the view says `once(request.user, form.cleaned_data["once"], lambda: workflow.file(…))`.

    The key is made when the page is, so it survives the reload of a form with errors."""

    once = forms.UUIDField(widget=forms.HiddenInput, required=True, initial=uuid.uuid4)
