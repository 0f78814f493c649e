"""What people type on a ticket. A form checks that something can be read; whether it may be is asked of the verb.

The names of the fields are those of the verb's arguments, so that an `Invalid` of the verb finds its field.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit, User
from channelportal.core import clock
from channelportal.core.fields import LineField, MultiFileField, TextField
from channelportal.core.once import OnceMixin
from channelportal.lib.workdays import local_date
from feedback import in_force
from feedback.models import Entry, LadderStep, Means, Severity, Ticket, TicketKind

LONGEST_TEXT, LONGEST_REASON = 8_000, 300


# ── fields ──────────────────────────────────────────────────────────────────────────────────────


def files_field(help_text: Any = "") -> Any:
    field = MultiFileField(label=_("Files"), help_text=help_text)
    field.widget.attrs["data-max-bytes"] = str(settings.UPLOAD_MAX_BYTES)
    return field


def text_field(
    label: Any, *, rows: int = 4, required: bool = True, most: int = LONGEST_TEXT, hint: Any = ""
) -> TextField:
    widget = forms.Textarea(attrs={"rows": rows, "placeholder": hint})
    return TextField(label=label, required=required, max_length=most, widget=widget)


def day_field(label: Any, **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"], **kwargs)


class HintedSelect(forms.Select):
    """A select that is found by typing; each option carries what stands under it and what else it is found by."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"data-typeahead": "", **(attrs or {})})

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        instance = getattr(value, "instance", None)
        if isinstance(instance, Unit):
            option["attrs"] |= {
                "data-hint": instance.handles or instance.get_kind_display(),
                "data-key": f"{instance.pinyin} {instance.code}",
            }
        elif isinstance(instance, User):
            names = [instance.unit.name if instance.unit else "", instance.position or instance.get_role_display()]
            option["attrs"] |= {"data-hint": " · ".join(name for name in names if name), "data-key": instance.pinyin}
        return option


def unit_field(label: Any, **kwargs: Any) -> forms.ModelChoiceField[Unit]:
    placeholder = _("Type a name, its initials, or what it is about")
    return forms.ModelChoiceField(
        Unit.objects.none(),
        label=label,
        widget=HintedSelect({"data-placeholder": placeholder}),
        empty_label="",
        **kwargs,
    )


def person_field(label: Any, **kwargs: Any) -> forms.ModelChoiceField[User]:
    placeholder = _("Type a name or its initials")
    return forms.ModelChoiceField(
        User.objects.none(),
        label=label,
        widget=HintedSelect({"data-placeholder": placeholder}),
        empty_label="",
        **kwargs,
    )


def people() -> QuerySet[User]:
    return (
        User.objects.filter(is_active=True, frozen_at=None, unit__isnull=False)
        .select_related("unit")
        .order_by("pinyin")
    )


# ── verbs on a ticket ───────────────────────────────────────────────────────────────────────────


class VerbForm(forms.Form):
    """`ticket`, `user` and `possible` (the verbs that are, if known) narrow the choices; `auto_id` keeps the forms of one
    page apart."""

    def __init__(self, *args: Any, ticket: Ticket, user: User, possible: set[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticket, self.user, self.possible = ticket, user, possible
        self.narrow()

    def narrow(self) -> None:
        """Fill the choices."""

    @property
    def day_fields(self) -> list[str]:
        return [name for name, field in self.fields.items() if isinstance(field, forms.DateField)]


class BareForm(VerbForm):
    """A button alone."""


class ReasonForm(VerbForm):
    reason = text_field(_("Reason"), rows=3, most=LONGEST_REASON)


class TextForm(VerbForm):
    text = text_field(_("Text"), rows=3)


class DecisionForm(VerbForm):
    """Granted by its first button, refused by its second: that one needs the reason."""

    reason = text_field(_("Remark"), rows=2, required=False, most=LONGEST_REASON, hint=_("Needed when you refuse"))


class ApproveForm(VerbForm):
    text = text_field(_("Remark"), rows=2, required=False, most=LONGEST_REASON, hint=_("Needed when you return it"))


class SendBackForm(VerbForm):
    text = text_field(_("What is to be corrected"), rows=3, most=LONGEST_REASON)


class ResendForm(VerbForm):
    title = LineField(label=_("Title"), max_length=100)
    body = text_field(_("Text"), rows=6)
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    files = files_field()

    def narrow(self) -> None:
        for name in ("title", "body", "severity"):
            self.initial.setdefault(name, getattr(self.ticket, name))


class AssignForm(VerbForm):
    to = person_field(_("Assign to"))

    def narrow(self) -> None:
        self.fields["to"].queryset = people().filter(unit=self.ticket.responsible_id)  # type: ignore[attr-defined]


class PassOnForm(VerbForm):
    to = unit_field(_("To which unit"))
    reason = text_field(_("Reason"), rows=3, most=LONGEST_REASON)

    def narrow(self) -> None:
        units = Unit.objects.active().exclude(pk__in=[self.ticket.asker_id, self.ticket.responsible_id])
        self.fields["to"].queryset = units.headquarters() if self.ticket.asker.is_channel else units  # type: ignore[attr-defined]


class AskForm(VerbForm):
    text = text_field(_("Your question"), rows=3)
    pause = forms.BooleanField(label=_("Pause the promised day until it is answered"), required=False)
    files = files_field()

    def narrow(self) -> None:
        if self.ticket.state != Ticket.State.PLANNED:  # the reply clock never pauses (rule 10)
            del self.fields["pause"]


class AnswerForm(VerbForm):
    text = text_field(_("Your answer"), rows=4)
    files = files_field()


class NoteForm(VerbForm):
    text = text_field(_("Note"), rows=3)
    side = forms.ChoiceField(label=_("Who may see it"), choices=Entry.Side.choices)
    files = files_field()

    def narrow(self) -> None:
        seen: dict[str, bool] = {Entry.Side.ALL: True}
        seen[Entry.Side.RESPONSIBLE] = self.user.unit_id != self.ticket.asker_id
        seen[Entry.Side.ASKER] = self.user.unit_id == self.ticket.asker_id
        self.fields["side"].choices = [one for one in Entry.Side.choices if seen.get(one[0])]  # type: ignore[attr-defined]
        self.initial.setdefault("side", Entry.Side.ASKER if seen[Entry.Side.ASKER] else Entry.Side.RESPONSIBLE)


class ReplyForm(VerbForm):
    """The formal reply: solved, or a plan with its day (000 5.7)."""

    RESOLUTION, PLAN = "resolution", "plan"
    what = forms.ChoiceField(
        label=_("Your formal reply"),
        choices=[(RESOLUTION, _("Resolved")), (PLAN, _("Plan and day"))],
        widget=forms.RadioSelect,
    )
    text = text_field(_("What was done, or will be done"), rows=5)
    day = day_field(_("Promised day"), required=False)
    files = files_field()

    def narrow(self) -> None:
        self.fields["what"].hints = {  # type: ignore[attr-defined]
            self.RESOLUTION: _("Write down the result; the asker confirms it"),
            self.PLAN: _("The day is a promise; when it passes, superiors are told"),
        }
        if self.possible is not None and "plan" not in self.possible:  # the promise stands: only solving it is left
            self.fields["what"].widget = forms.HiddenInput()
            self.initial["what"] = self.RESOLUTION

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("what") == self.PLAN and not data.get("day") and "day" not in self.errors:
            self.add_error("day", _("A plan needs the day on which it will be done."))
        return data


class ExtendForm(VerbForm):
    day = day_field(_("New promised day"))
    reason = text_field(_("Reason"), rows=3, most=LONGEST_REASON)


class SeverityForm(VerbForm):
    to = forms.ChoiceField(label=_("Change to"), choices=Severity.choices, widget=forms.HiddenInput)
    reason = text_field(_("Reason"), rows=3, most=LONGEST_REASON)

    def narrow(self) -> None:
        other = Severity.NORMAL if self.ticket.severity == Severity.MAJOR else Severity.MAJOR
        self.initial["to"] = other


class AssistForm(VerbForm):
    unit = unit_field(_("Which unit"))
    task = text_field(_("What it is to deliver"), rows=3, most=LONGEST_REASON)
    day = day_field(_("Until"), required=False, help_text=_("Empty: some hours before your own time limit."))

    def narrow(self) -> None:
        units = Unit.objects.active().headquarters().exclude(pk=self.ticket.responsible_id)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class DeliverForm(VerbForm):
    text = text_field(_("Your contribution"), rows=4)
    files = files_field()


class ShareForm(VerbForm):
    to = person_field(_("With whom"))

    def narrow(self) -> None:
        found = people().exclude(pk=self.user.pk)
        if self.user.unit and self.user.unit.is_channel:
            found = found.filter(unit=self.user.unit_id)
        self.fields["to"].queryset = found  # type: ignore[attr-defined]


class ConfirmForm(VerbForm):
    STARS = [
        (5, _("Very satisfied")),
        (4, _("Satisfied")),
        (3, _("Fair")),
        (2, _("Dissatisfied")),
        (1, _("Very dissatisfied")),
    ]
    answer = forms.TypedChoiceField(label=_("The answer"), coerce=int, choices=STARS[::-1], widget=forms.RadioSelect)
    speed = forms.TypedChoiceField(label=_("The speed"), coerce=int, choices=STARS[::-1], widget=forms.RadioSelect)
    text = text_field(_("Remark"), rows=2, required=False, most=LONGEST_REASON)


class ReopenForm(VerbForm):
    reason = text_field(_("What is still open"), rows=3, most=LONGEST_REASON)
    files = files_field()


class WithdrawForm(VerbForm):
    reason = text_field(_("Reason"), rows=2, required=False, most=LONGEST_REASON)


class MergeForm(VerbForm):
    number = LineField(label=_("Number of the ticket it goes into"), max_length=20)
    reason = text_field(_("Reason"), rows=2, most=LONGEST_REASON)

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"]).strip().upper()
        into = Ticket.objects.visible_to(self.user).filter(number=number).exclude(pk=self.ticket.pk).first()
        if into is None:
            raise forms.ValidationError(_("There is no such ticket, or you may not see it."))
        self.cleaned_data["into"] = into
        return number


# ── a new ticket ────────────────────────────────────────────────────────────────────────────────


class NamedField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Several people, each with his unit."""

    def __init__(self, queryset: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(queryset, widget=forms.SelectMultiple(attrs={"size": 5}), **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} · {obj.unit.name}"


class FilingForm(OnceMixin):
    """A new ticket: what, to whom, how serious. Its fields are the arguments of `workflow.file`."""

    kind = forms.ModelChoiceField(
        TicketKind.objects.none(), label=_("What is it about"), widget=forms.RadioSelect, empty_label=None
    )
    responsible = unit_field(
        _("To whom"), required=False, help_text=_("It may be left empty: then it goes where its kind leads.")
    )
    title = LineField(label=_("Title"), max_length=100)
    body = text_field(_("Text"), rows=7, hint=_("What happened, since when, who is affected, what you expect"))
    severity = forms.ChoiceField(
        label=_("Severity"), choices=Severity.choices, initial=Severity.NORMAL, widget=forms.RadioSelect
    )
    copied = forms.BooleanField(label=_("Copy to the supervising department"), required=False)
    files = files_field(_("PDF, Office, WPS, OFD, pictures, text, zip; at most 10 files."))
    complained_unit = unit_field(_("Which unit the complaint is about"), required=False)
    accused = person_field(_("Which person the complaint is about"), required=False)
    restricted = forms.BooleanField(
        label=_("Keep it to named people"),
        required=False,
        help_text=_("Only you, the people named here and the head of the supervising department see it."),
    )
    named = NamedField(
        User.objects.none(),
        label=_("Who else may see it"),
        required=False,
        help_text=_("Hold down Ctrl (⌘ on a Mac) to choose several."),
    )
    shielded = forms.BooleanField(
        label=_("Do not show my name to the responsible unit"),
        required=False,
        help_text=_("Neither the responsible unit nor the person complained of reads your name."),
    )
    about = LineField(label=_("About an earlier ticket"), required=False, max_length=20)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        kinds = TicketKind.objects.filter(active=True).select_related("route")
        way = TicketKind.Way.UP if user.unit and user.unit.is_channel else TicketKind.Way.DOWN
        self.kinds = [kind for kind in in_force.kinds() if kind.active and kind.way in {way, TicketKind.Way.BOTH}]
        self._choices("kind", kinds.filter(way__in=[way, TicketKind.Way.BOTH]))
        self.fields["kind"].hints = {str(kind.pk): kind.hint for kind in self.kinds}  # type: ignore[attr-defined]
        units = Unit.objects.active().exclude(pk=user.unit_id or 0)
        self._choices("responsible", units.headquarters() if way == TicketKind.Way.UP else units)
        self._choices("complained_unit", units.headquarters() if way == TicketKind.Way.UP else units)
        people_at = people().filter(unit__kind=Unit.Kind.HQ) if way == TicketKind.Way.UP else people()
        self._choices("accused", people_at.exclude(pk=user.pk))
        self._choices("named", people_at.exclude(pk=user.pk))
        self.fields["severity"].hints = self._severity_hints()  # type: ignore[attr-defined]

    @staticmethod
    def _severity_hints() -> dict[str, str]:
        """The rule beside each choice (000 5.7)."""
        rule = in_force.policy()
        return {
            "normal": _("Answered by the close of working day %(count)d after it arrives")
            % {"count": rule.reply_days("normal")},
            "major": _("Grave or many-sided; answered by the close of working day %(count)d after it arrives")
            % {"count": rule.reply_days("major")},
        }

    def _choices(self, name: str, queryset: QuerySet[Any]) -> None:
        self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    @property
    def complaint_kinds(self) -> str:
        """The kinds that show the fields of a complaint, for data-show-if."""
        return ",".join(str(kind.pk) for kind in self.kinds if kind.complaint) or "none"

    def clean_about(self) -> Ticket | None:
        number = str(self.cleaned_data["about"]).strip().upper()
        if not number:
            return None
        found = Ticket.objects.visible_to(self.user).filter(number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no such ticket, or you may not see it."))
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = data.get("kind")
        if kind and not kind.complaint:  # left over from another choice
            data |= {"restricted": False, "shielded": False, "accused": None, "complained_unit": None, "named": []}
        return data


class EntryForm(FilingForm):
    """Entering for someone who phoned, wrote or came (rule 4)."""

    asker = unit_field(_("For which unit"))
    asker_name = LineField(label=_("Who called or wrote"), max_length=40, required=False)
    means = forms.ChoiceField(label=_("How it came"), choices=[one for one in Means.choices if one[0] != Means.PORTAL])
    received_on = day_field(_("Day on which it was received"))
    document_number = LineField(label=_("Document number"), max_length=60, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        units = Unit.objects.active()
        self._choices("asker", units)
        self._choices("responsible", units)
        today = local_date(clock.now()).isoformat()
        self.fields["received_on"].widget.attrs["max"] = today
        self.initial.setdefault("received_on", today)
        self.order_fields(["asker", "asker_name", "means", "received_on", "document_number"])


# ── kinds and the ladder ────────────────────────────────────────────────────────────────────────


class KindForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = TicketKind
        fields = (
            "code",
            "name_zh",
            "name_en",
            "hint_zh",
            "hint_en",
            "way",
            "route",
            "fixed_route",
            "complaint",
            "order",
            "active",
        )
        labels: ClassVar = {"route": _("Goes to, when nobody is named")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["route"].queryset = Unit.objects.active().headquarters()  # type: ignore[attr-defined]
        self.fields["route"].help_text = _("Empty: the supervising department holds it and owes the answer.")
        if self.instance.pk:
            del self.fields["code"]


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    tells = forms.MultipleChoiceField(
        label=_("Whom it tells"), choices=LadderStep.Target.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = LadderStep
        fields = ("kind", "level", "days", "time", "tells", "active")
        widgets: ClassVar = {"time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}
        help_texts: ClassVar = {"time": _("Empty: at the time of day of the due moment itself.")}

    def clean_level(self) -> int:
        level = int(self.cleaned_data["level"])
        if level > 3:
            raise forms.ValidationError(_("The ladder has the levels 0 to 3."))
        return level
