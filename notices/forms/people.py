"""A person found by typing: the name is text, the one chosen from the list goes along as an id. Without a script the name, or the
account where several have the same name, is enough."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from channelportal.core.fields import LineField
from notices.forms.audience import people_for


class PersonWidget(forms.MultiWidget):
    """`<name>_text` and the hidden `<name>_id`."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        text = forms.TextInput({"placeholder": _("Type a name or its initials"), **(attrs or {})})
        super().__init__({"text": text, "id": forms.HiddenInput()})

    def decompress(self, value: Any) -> list[Any]:
        person = value if isinstance(value, User) else User.objects.filter(pk=value).first() if value else None
        return [person.name, person.pk] if person else ["", ""]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        text = context["widget"]["subwidgets"][0]
        text["attrs"] |= {
            "data-typeahead": format_lazy("{}?what=people", reverse_lazy("notice-find")),
            "data-typeahead-id": f"{name}_id",
        }
        return context

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"


class PersonField(forms.MultiValueField):
    """Cleans to a `User` who is still here, or None. The form calls `offer(user)` on it first."""

    widget = PersonWidget
    user: User | None = None
    default_error_messages: ClassVar[dict[str, Any]] = {
        "unknown": _("“%(name)s” is not known."),
        "several": _("There are several called “%(name)s”. Type the account."),
    }

    def __init__(self, **options: Any) -> None:
        required = options.pop("required", True)
        super().__init__(
            fields=[LineField(required=required, max_length=60), forms.CharField(required=False)],
            require_all_fields=False,
            required=required,
            **options,
        )

    def offer(self, user: User) -> None:
        self.user = user

    def compress(self, values: list[Any]) -> User | None:
        typed, chosen = [*(values or []), "", ""][:2]
        if not typed or self.user is None:
            return None
        found = people_for(self.user)
        if str(chosen).isdecimal() and len(str(chosen)) < 19:
            person = found.filter(pk=chosen, name=typed).first()
            if person is not None:
                return person
        same = list(found.filter(Q(name=typed) | Q(username__iexact=typed))[:2])
        if len(same) == 1:
            return same[0]
        code = "several" if same else "unknown"
        raise forms.ValidationError(self.error_messages[code], code=code, params={"name": typed})
