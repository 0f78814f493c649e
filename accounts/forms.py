"""Forms of the entrance and of one's own account. What needs the database's word (a taken unit, an old password) is
the verb's."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from captcha.fields import CaptchaField
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Div, Field, Fieldset, Layout, Row
from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import OneTimePassword, Unit, User
from channelportal.lib.text import composed

LONGEST_PASSWORD = 200  # of the field; the rule (128) has its own words
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def clean_line(text: str) -> str:
    """One line as it is kept: NFC, nothing invisible, single spaces."""
    return " ".join(_INVISIBLE.sub(" ", composed(text)).split())


class LineField(forms.CharField):
    """A line of text; what is empty without its invisible characters is empty."""

    def to_python(self, value: Any) -> str:
        return clean_line(super().to_python(value) or "")


def password_field(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete, "maxlength": None})
    return forms.CharField(label=label, strip=False, widget=widget, max_length=LONGEST_PASSWORD, **kwargs)


class PlainForm(forms.Form):
    """Without the asterisks and buttons of crispy: the layouts bring the button."""

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        layout = self.layout()
        if layout is not None:
            helper.layout = layout
        return helper

    def layout(self) -> Layout | None:
        return None


# ── entrance ────────────────────────────────────────────────────────────────────────────────────


class SignInForm(PlainForm):
    username = forms.CharField(
        label=_("Account, e-mail or phone number"),
        max_length=254,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = password_field(_("Password"), "current-password")


class SumField(CaptchaField):
    """The sum that keeps robots out. The library draws two inputs and labels neither: the answer says its name itself."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.widgets[-1].attrs["aria-label"] = self.label


class ForgottenForm(PlainForm):
    username = forms.CharField(
        label=_("Account, e-mail or phone number"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    captcha = SumField(
        label=_("What is the result?"), error_messages={"invalid": _("The result is not right. Here is another one.")}
    )


class CodeForm(PlainForm):
    code = forms.CharField(
        label=_("Code of six digits, or a backup code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", self.cleaned_data["code"])).lower()


# ── own account ─────────────────────────────────────────────────────────────────────────────────


class PasswordForm(PlainForm):
    current = password_field(_("Present password"), "current-password")
    new = password_field(
        _("New password"),
        "new-password",
        help_text=_(
            "At least 10 characters with three of these: small letters, capitals, digits, signs. "
            "A Chinese sentence with a comma or a digit is good too."
        ),
    )
    again = password_field(_("New password once more"), "new-password")

    def __init__(self, *args: Any, has_own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_own:
            del self.fields["current"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two are not the same."))
        return data


class AgreementForm(PlainForm):
    name = LineField(
        label=_("Your name, as signature"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    read = forms.BooleanField(label=_("I have read the agreement and will keep it."))


# ── registration ────────────────────────────────────────────────────────────────────────────────

WISHES = [User.Role.MEMBER, User.Role.OFFICER, User.Role.HEAD]


class RegistrationForm(PlainForm):
    """Channel or HQ; an existing unit by its name, or a new channel unit. Says nothing about what is taken."""

    CHANNEL, HQ, NEW = "channel", "hq", "new"
    side = forms.ChoiceField(
        label=_("Where do you work?"),
        choices=[
            (CHANNEL, _("In a branch, agency or other channel unit")),
            (HQ, _("In a department of headquarters")),
            (NEW, _("In a channel unit that is not in the portal yet")),
        ],
        widget=forms.RadioSelect,
        initial=CHANNEL,
    )
    unit = LineField(
        label=_("Your unit"),
        max_length=60,
        required=False,
        help_text=_("Type a part of its name and choose it from the list."),
    )
    new_unit_name = LineField(label=_("Full name of the new unit"), max_length=60, required=False)
    new_unit_kind = forms.ChoiceField(
        label=_("Kind of the unit"),
        choices=[("", "—"), *[(value, label) for value, label in Unit.Kind.choices if value != Unit.Kind.HQ]],
        required=False,
    )
    new_unit_region = LineField(label=_("Region"), max_length=30, required=False)
    manager = forms.ModelChoiceField(
        Unit.objects.none(), label=_("Which market department looks after it?"), required=False, empty_label="—"
    )
    name = LineField(
        label=_("Name"), max_length=40, min_length=2, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    position = LineField(
        label=_("Position"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "organization-title"})
    )
    phone = LineField(
        label=_("Phone"), max_length=30, widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We write to it: first to confirm the address."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    role = forms.ChoiceField(
        label=_("Role in your unit"), choices=[(role.value, role.label) for role in WISHES], initial=User.Role.MEMBER,
        help_text=_("The reviewers decide on it."),
    )  # fmt: skip
    reason = LineField(label=_("Why you need access"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    read = forms.BooleanField(label=_("I have read the agreement and will keep it."))
    signed_name = LineField(label=_("Your name, as signature"), max_length=40)
    captcha = SumField(
        label=_("What is the result?"), error_messages={"invalid": _("The result is not right. Here is another one.")}
    )

    def __init__(self, *args: Any, agreement: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agreement = agreement
        self.matches: list[str] = []
        managers: Any = self.fields["manager"]
        managers.queryset = Unit.objects.active().with_function("registrar_channels")
        self.fields["unit"].widget.attrs |= {"data-typeahead": reverse_lazy("register-units"), "autocomplete": "off"}
        if any(self.data.get("side") == side for side in (self.CHANNEL, self.HQ)):
            self.fields["new_unit_name"].widget.attrs.pop("required", None)

    def layout(self) -> Layout:
        return Layout(
            Fieldset(
                _("Your unit"),
                Field("side"),
                Div("unit", data_show_if="side=channel,hq"),
                Div(
                    "new_unit_name",
                    Row(Column("new_unit_kind"), Column("new_unit_region")),
                    "manager",
                    data_show_if="side=new",
                ),
            ),
            Fieldset(
                pgettext_lazy("registration form", "Yourself"),
                Row(Column("name"), Column("position")),
                Row(Column("phone"), Column("email")),
                "role",
                "reason",
            ),
            Fieldset(
                _("Confidentiality agreement"),
                HTML('{% include "accounts/_agreement_text.html" %}'),
                "read",
                "signed_name",
            ),
            "captcha",
        )

    def clean_phone(self) -> str:
        phone = unicodedata.normalize("NFKC", self.cleaned_data["phone"]).replace(" ", "")
        if not re.fullmatch(r"\+?[0-9\-()]{6,24}", phone):
            raise forms.ValidationError(_("Enter a phone number: digits, with + and - where needed."))
        return phone

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("side") == self.NEW:
            self._clean_new(data)
        elif data.get("side"):
            self._clean_unit(data)
        return data

    def _clean_new(self, data: dict[str, Any]) -> None:
        data["unit"] = None
        for name in ("new_unit_name", "new_unit_kind", "new_unit_region", "manager"):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed for a new unit."))

    def _clean_unit(self, data: dict[str, Any]) -> None:
        data |= {"new_unit_name": "", "new_unit_kind": "", "new_unit_region": "", "manager": None}
        typed = data.get("unit") or ""
        units = Unit.objects.active()
        units = units.headquarters() if data["side"] == self.HQ else units.channels()
        exact = units.filter(name__iexact=typed).first()
        if exact is None:
            self.matches = find_units(typed, hq=data["side"] == self.HQ)
            told = (
                _("Choose one of these: %(names)s") % {"names": "、".join(self.matches)}
                if self.matches
                else _("There is no such unit. Type a part of its name.")
            )
            self.add_error("unit", told)
        data["unit"] = exact

    def plain(self) -> dict[str, Any]:
        """What the verb takes."""
        names = (
            "unit",
            "new_unit_name",
            "new_unit_kind",
            "new_unit_region",
            "manager",
            "name",
            "position",
            "phone",
            "email",
            "role",
            "reason",
        )
        return {name: self.cleaned_data[name] for name in names}


MOST_MATCHES = 8


def find_units(typed: str, *, hq: bool | None = None) -> list[str]:
    """Names of active units that contain what was typed, or whose pinyin does; nothing but names."""
    text = clean_line(typed)[:60]
    if len(text) < (1 if not text.isascii() else 2):
        return []
    units = Unit.objects.active()
    if hq is not None:
        units = units.headquarters() if hq else units.channels()
    by_name = units.filter(name__icontains=text) | units.filter(pinyin__icontains=text.lower().replace(" ", ""))
    return list(by_name.order_by("pinyin").values_list("name", flat=True).distinct()[:MOST_MATCHES])


# ── review ──────────────────────────────────────────────────────────────────────────────────────


class ApproveForm(PlainForm):
    role = forms.ChoiceField(label=_("Role"), choices=User.Role.choices)
    unit = forms.ModelChoiceField(
        Unit.objects.none(), label=_("Unit"), required=False, empty_label=_("Make the new unit"),
        help_text=_("If the unit exists under another name, choose it here."),
    )  # fmt: skip
    code = LineField(
        label=_("Code of the new unit"), max_length=20, required=False, help_text=_("Left empty: made from its name.")
    )
    means = forms.ChoiceField(
        label=_("How he gets the first password"), choices=OneTimePassword.Means.choices, widget=forms.RadioSelect,
        initial=OneTimePassword.Means.MAIL,
    )  # fmt: skip

    def __init__(self, *args: Any, new_unit: bool, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if new_unit:
            field: Any = self.fields["unit"]
            field.queryset = units
        else:
            del self.fields["unit"], self.fields["code"]


class RefuseForm(PlainForm):
    reason = LineField(
        label=_("Reason, which the applicant is sent"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )


class IssueForm(PlainForm):
    means = forms.ChoiceField(
        label=_("How he gets it"),
        choices=OneTimePassword.Means.choices,
        widget=forms.RadioSelect,
        initial=OneTimePassword.Means.MAIL,
    )
