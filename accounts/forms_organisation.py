"""Forms of units and people. What they offer is what this person may choose; the verbs check again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import organisation
from accounts.access import may, scope
from accounts.models import Unit, UnitFunction, User
from channelportal.core.fields import LineField
from channelportal.core.once import OnceMixin

Function = UnitFunction.Function


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """People with their unit and position, so that namesakes can be told apart."""

    def label_from_instance(self, obj: Any) -> str:
        return " · ".join(part for part in (obj.name, obj.unit.name if obj.unit else "", obj.position) if part)


class VerbForm(forms.ModelForm):  # type: ignore[type-arg]
    """Fields of a model, without its constraints: the verb checks those, names the field and is not raced."""

    def _get_validation_exclusions(self) -> set[str]:
        return {field.name for field in self.instance._meta.fields}


class UnitText(VerbForm):
    """What the unit says of itself: its head may change it."""

    class Meta:
        model = Unit
        fields = ["phone", "address", "handles"]
        labels = {"name": pgettext_lazy("unit", "name"), "code": pgettext_lazy("unit", "code")}
        field_classes = dict.fromkeys(("code", "name", "region", "phone", "address", "handles"), LineField)
        widgets = {"handles": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"handles": _("Shown to who files a ticket, beside “to whom”: what this unit answers for.")}


class UnitEdit(UnitText):
    """All plain values, for 企发部 and the department that manages the unit."""

    class Meta(UnitText.Meta):
        fields = ["code", "name", "kind", "region", "phone", "address", "handles"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            _choose_kind(self.fields["kind"], channels=self.instance.is_channel)


class UnitNew(OnceMixin, UnitEdit):
    """A new unit; a market department adds channels of its own."""

    parent = forms.ModelChoiceField(
        Unit.objects.none(), label=_("superior unit"), required=False, empty_label=_("none: the top")
    )
    manager = forms.ModelChoiceField(
        Unit.objects.none(), label=_("managing department"), required=False, empty_label=_("none: an HQ department")
    )

    class Meta(UnitEdit.Meta):
        fields = ["kind", "name", "code", "region", "phone", "address", "handles"]

    field_order = ["kind", "name", "code", "manager", "parent", "region", "phone", "address", "handles"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everything = may(user, "organisation.edit")
        _offer(self.fields["parent"], Unit.objects.active() if everything else organisation.editable_units(user))
        managers = Unit.objects.active().with_function(Function.REGISTRAR_CHANNELS)
        _offer(self.fields["manager"], managers if everything else managers.filter(pk=scope(user).unit_id or 0))
        if not everything:
            _choose_kind(self.fields["kind"], channels=True)
            self.initial["manager"] = scope(user).unit_id


class UnitPlace(forms.Form):
    """Where the unit stands, and who looks after it."""

    parent = forms.ModelChoiceField(
        Unit.objects.none(), label=_("superior unit"), required=False, empty_label=_("none: the top")
    )
    manager = forms.ModelChoiceField(
        Unit.objects.none(),
        label=_("managing department"),
        help_text=_("It reviews the channel's people and issues their passwords from now on; the former one no more."),
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"parent": unit.parent_id, "manager": unit.manager_id}
        above = Unit.objects.active().exclude(pk=unit.pk)
        _offer(self.fields["parent"], above if unit.is_channel else above.headquarters())
        _offer(self.fields["manager"], Unit.objects.active().with_function(Function.REGISTRAR_CHANNELS))
        if not unit.is_channel:
            del self.fields["manager"]


class UnitFunctions(forms.Form):
    functions = forms.MultipleChoiceField(
        choices=Function.choices,
        label=_("functions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Supervision, review of headquarters and company management are one unit's each: "
            "given here, they leave whoever had them."
        ),
    )


class UnitApproval(VerbForm):
    class Meta:
        model = Unit
        fields = ["members_need_approval", "heads_need_approval"]


class UnitContact(forms.Form):
    """The person at headquarters who looks after a channel: first those of its managing department."""

    contact = PersonChoice(
        User.objects.none(), label=_("contact person at HQ"), required=False, empty_label=_("nobody yet")
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"contact": unit.contact_id}
        people = User.objects.filter(is_active=True, unit__kind=Unit.Kind.HQ).select_related("unit")
        _offer(self.fields["contact"], people.filter(unit=unit.manager_id) if unit.manager_id else people)


class AbsenceNew(forms.Form):
    """Who of the unit is away, from when to when, and who acts meanwhile."""

    user = PersonChoice(User.objects.none(), label=_("who is away"), empty_label=None)
    first_day = forms.DateField(label=_("from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label=_("to"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    deputy = PersonChoice(
        User.objects.none(),
        label=_("deputy"),
        required=False,
        empty_label=_("every deputy of the unit"),
        help_text=_("While every head is away, the deputy approves and is told in the head's place."),
    )
    note = LineField(label=_("note"), max_length=120, required=False)

    def __init__(self, *args: Any, unit: Unit, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(unit=unit, is_active=True).select_related("unit")
        _offer(self.fields["user"], people)
        _offer(self.fields["deputy"], people.filter(role=User.Role.DEPUTY))
        if user.unit_id == unit.pk:
            self.initial["user"] = user.pk


class PersonEdit(VerbForm):
    class Meta:
        model = User
        fields = ["name", "email", "phone", "position", "officer_full_time"]
        field_classes = dict.fromkeys(("name", "phone", "position"), LineField)


class PersonNew(OnceMixin, PersonEdit):
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("unit"))
    role = forms.ChoiceField(choices=User.Role.choices, label=_("role"), initial=User.Role.MEMBER)

    field_order = ["name", "unit", "role", "position", "phone", "email", "officer_full_time"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["unit"], organisation.editable_units(user))


class Knowing(forms.Form):
    """Adds the tick “I know what follows” where a unit would lose its last head."""

    knowing = forms.BooleanField(label=_("I know what follows, and want it"), required=False)

    def __init__(self, *args: Any, consequence: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not consequence:
            del self.fields["knowing"]


class PersonRole(Knowing):
    role = forms.ChoiceField(choices=User.Role.choices, label=_("role"))

    field_order = ["role", "knowing"]


class PersonTransfer(PersonRole):
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("to the unit"))

    field_order = ["unit", "role", "knowing"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["unit"], organisation.editable_units(user))


class PersonLeaving(Knowing):
    reason = LineField(
        label=_("reason"), max_length=200, help_text=_("Kept in the audit trail, for example: left the company.")
    )

    field_order = ["reason", "knowing"]


class Why(forms.Form):
    """Unlocking, ending sessions: why, in a few words."""

    reason = LineField(
        label=_("reason"), max_length=200, help_text=_("Kept in the audit trail; the person reads it too.")
    )


def _offer(field: forms.Field, queryset: Any) -> None:
    field.queryset = queryset  # type: ignore[attr-defined]
    field.widget.attrs["data-typeahead"] = ""


def _choose_kind(field: forms.Field, *, channels: bool) -> None:
    """A department stays one, and a channel one of the channels."""
    kinds = [(value, label) for value, label in Unit.Kind.choices if (value != Unit.Kind.HQ) == channels]
    field.choices = kinds  # type: ignore[attr-defined]
