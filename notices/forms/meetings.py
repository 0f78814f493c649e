"""What people type about a meeting. The names of the fields are those of the verbs' arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from channelportal.core.editor import RichTextarea
from channelportal.core.fields import LineField, MultiFileField, RichTextField, TextField
from channelportal.core.once import OnceMixin
from notices.forms.audience import AudienceForm
from notices.forms.people import PersonField
from notices.models import Action, AgendaItem, AgendaPaper, Invitation, Level, Meeting, MeetingKind, Minutes

ROWS_MORE: Final = 3  # empty rows of a table that grows
LONGEST_REASON: Final = 300


def files_field(label: Any) -> Any:
    field = MultiFileField(label=label)
    field.widget.attrs["data-max-bytes"] = str(settings.UPLOAD_MAX_BYTES)
    return field


def moment_field(label: Any, **options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
    return forms.DateTimeField(label=label, widget=widget, input_formats=formats, **options)


def reason_field(label: Any, *, required: bool = True, hint: Any = "") -> LineField:
    return LineField(label=label, required=required, max_length=LONGEST_REASON, help_text=hint)


def with_more_rows(sent: QueryDict, prefix: str, rows: Any) -> QueryDict:
    """What was typed, and more empty rows: for those without a script."""
    data, name = sent.copy(), f"{prefix}-TOTAL_FORMS"
    number = data.get(name, "")
    if number.isdecimal() and len(number) < 4:
        data[name] = str(min(int(number) + ROWS_MORE, rows.max_num))
    return data


def hush(form: forms.Form, rows: Any) -> None:
    """Nothing was sent yet: what is missing is no error."""
    for one in (form, *rows.forms):
        one.errors.clear()


class BareForm(forms.Form):
    """Nothing to type: only the button."""


class ReasonForm(forms.Form):
    reason = reason_field(_("Reason"))


class SeenForm(forms.Form):
    """A decision: `seen` is what the page showed, so that nobody decides what he has not read."""

    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class RemarkForm(SeenForm):
    text = reason_field(_("What should be changed"))


# ── the call ────────────────────────────────────────────────────────────────────────────────────


class AgendaRowForm(forms.Form):
    """One item; a row without a topic is none."""

    topic = LineField(label=_("topic"), max_length=120, required=False)
    minutes = forms.IntegerField(label=_("minutes"), min_value=1, max_value=1440, required=False)
    speaker = LineField(label=_("speaker"), max_length=60, required=False)
    files: Any = MultiFileField(label=_("Papers"))
    keep = forms.CharField(required=False, widget=forms.HiddenInput)  # ids of papers that stay, by comma

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("topic") and (data.get("minutes") or data.get("speaker") or data.get("files")):
            self.add_error("topic", _("Name the topic of this row, or empty the row."))
        return data

    def kept(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data.get("keep", "").split(",") if pk.isdecimal() and len(pk) < 19]


AgendaRows: Any = forms.formset_factory(AgendaRowForm, extra=ROWS_MORE, max_num=40, validate_max=True)


def asked_of(kind: MeetingKind) -> str:
    """What a kind asks for, in a line."""
    ahead = (
        _("%(days)s working days ahead") % {"days": kind.notice_days} if kind.notice_days else _("at once where needed")
    )
    if kind.period == MeetingKind.Period.NONE:
        return str(ahead)
    often = _("%(times)s × %(period)s, %(per)s")
    said = {"times": kind.times, "period": kind.get_period_display(), "per": kind.get_per_display()}
    return f"{often % said} · {ahead}"


class MeetingForm(OnceMixin, AudienceForm):
    """Calling a meeting, or going on with a draft of one."""

    kind = forms.ModelChoiceField(
        MeetingKind.objects.none(), label=_("Kind of meeting"), empty_label=None, widget=forms.RadioSelect
    )
    title = LineField(label=_("title"), max_length=100)
    purpose = TextField(
        label=_("purpose and preparation"), required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What should be decided, and what everybody brings."),
    )  # fmt: skip
    level = forms.ChoiceField(
        label=_("Confidentiality level"),
        choices=Level.choices,
        initial=Level.NORMAL,
        required=False,
        widget=forms.RadioSelect,
    )
    starts_at = moment_field(_("begins"))
    ends_at = moment_field(_("ends"))
    mode = forms.ChoiceField(label=_("How it is held"), choices=Meeting.Mode.choices, initial=Meeting.Mode.PLACE)
    place = LineField(label=_("place"), max_length=120, required=False)
    link = LineField(label=_("link"), max_length=300, required=False, help_text=_("Begins with https://"))
    chair = PersonField(label=_("chair"), help_text=_("Approves the minutes."))
    recorder = PersonField(label=_("keeps the minutes"), required=False, help_text=_("Empty: you. Never the chair."))
    answer_by = moment_field(
        _("answer by"), required=False, help_text=_("Empty: the working day before, close of business.")
    )
    off_hours_reason = reason_field(
        _("why outside working hours"),
        required=False,
        hint=_("Only where it does not lie in the working hours of a working day."),
    )
    short_notice_reason = reason_field(
        _("why at such short notice"),
        required=False,
        hint=_("Only where people are invited later than this kind asks for."),
    )
    begun = forms.CharField(required=False, max_length=18, widget=forms.HiddenInput)
    """The kind whose time and audience the form began with."""
    papers: Any = files_field(_("Papers of the meeting"))
    keep_papers = forms.MultipleChoiceField(
        label=_("Papers that stay"), required=False, widget=forms.CheckboxSelectMultiple
    )

    SAID: Final = (
        "title", "purpose", "level", "starts_at", "ends_at", "mode", "place", "link", "answer_by", "off_hours_reason",
        "short_notice_reason",
    )  # fmt: skip

    def __init__(
        self, *args: Any, user: User, meeting: Meeting | None = None, sending: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.sending, self.meeting = sending, meeting
        self.offer(user)
        kinds = MeetingKind.objects.filter(active=True)
        self.fields["kind"].queryset = kinds  # type: ignore[attr-defined]
        self.fields["kind"].hints = {str(kind.pk): asked_of(kind) for kind in kinds}  # type: ignore[attr-defined]
        self.fields["level"].hints = LEVELS  # type: ignore[attr-defined]
        for name in ("chair", "recorder"):
            self.fields[name].offer(user)  # type: ignore[attr-defined]
        self._keep(meeting)

    def _keep(self, meeting: Meeting | None) -> None:
        kept = AgendaPaper.objects.filter(meeting=meeting, item=None).select_related("file") if meeting else ()
        choices = [(str(paper.pk), paper.file.name) for paper in kept]
        if not choices:
            del self.fields["keep_papers"]
            return
        self.fields["keep_papers"].choices = choices  # type: ignore[attr-defined]
        self.fields["keep_papers"].initial = [pk for pk, _name in choices]

    def clean_level(self) -> str:
        """Not sent: the one it has."""
        level: str = self.cleaned_data["level"]
        return level or (self.meeting.level if self.meeting else Level.NORMAL.value)

    @property
    def open_more(self) -> bool:
        """Whether what defaults do was changed, or is wrong."""
        names = ("answer_by", "level", "papers", "keep_papers")
        return (
            any(self.errors.get(name) for name in names)
            or bool(self["answer_by"].value())
            or self["level"].value() not in (None, "", Level.NORMAL)
            or "keep_papers" in self.fields
        )

    def said(self) -> dict[str, Any]:
        """For `draft` and `edit`, without agenda and papers."""
        data = self.cleaned_data
        return {name: data[name] for name in self.SAID} | {
            "chair": data["chair"], "recorder": data["recorder"], "audience": data["audience"],
        }  # fmt: skip


LEVELS: Final = {
    Level.NORMAL.value: _("May be passed on"),
    Level.INTERNAL.value: _("Stays among the units that are invited"),
    Level.CONFIDENTIAL.value: _(
        "Seen by those invited alone; papers are encrypted, each download is on record with the reader's name; mails and calendars "
        "carry number and time only"
    ),
}


class ChangeForm(forms.Form):
    """Another time or place after the call."""

    title = LineField(label=_("title"), max_length=100)
    starts_at = moment_field(_("begins"))
    ends_at = moment_field(_("ends"))
    mode = forms.ChoiceField(label=_("How it is held"), choices=Meeting.Mode.choices)
    place = LineField(label=_("place"), max_length=120, required=False)
    link = LineField(label=_("link"), max_length=300, required=False)
    off_hours_reason = reason_field(
        _("why outside working hours"),
        required=False,
        hint=_("Only where it does not lie in the working hours of a working day."),
    )
    reason = reason_field(
        _("Why it changes"), required=False, hint=_("Needed where time or place change; everyone invited reads it.")
    )

    WORDS: Final = ("title", "starts_at", "ends_at", "mode", "place", "link", "off_hours_reason")

    def said(self, meeting: Meeting) -> dict[str, Any]:
        """What differs from the meeting as it is."""
        data = self.cleaned_data
        return {name: data[name] for name in self.WORDS if data[name] != getattr(meeting, name)}


class InviteForm(AudienceForm):
    must = forms.BooleanField(label=_("They must take part"), required=False)


class AppointForm(forms.Form):
    chair = PersonField(label=_("chair"), required=False, help_text=_("Empty: stays as it is."))
    recorder = PersonField(label=_("keeps the minutes"), required=False, help_text=_("Empty: stays as it is."))


# ── answers and attendance ──────────────────────────────────────────────────────────────────────


class ReplyForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("Do you take part?"),
        choices=[
            ("attend", pgettext_lazy("my answer", "I attend")),
            ("deputy", _("I send a deputy")),
            ("decline", _("I cannot attend")),
        ],
        widget=forms.RadioSelect,
    )
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Deputy"),
        required=False,
        empty_label=_("Somebody without an account: give the name"),
    )
    deputy_name = LineField(label=_("name of the deputy"), max_length=40, required=False)
    reason = reason_field(_("Reason"), required=False)

    def colleagues(self, people: QuerySet[User]) -> None:
        self.fields["deputy"].queryset = people  # type: ignore[attr-defined]


class AttendanceForm(forms.Form):
    """A choice for each person invited; `hold`: with when it really was."""

    def __init__(
        self, *args: Any, invitations: Iterable[Invitation], meeting: Meeting, hold: bool, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.rows = list(invitations)
        if hold:
            self.fields["began_at"] = moment_field(_("It began"), initial=meeting.starts_at)
            self.fields["ended_at"] = moment_field(_("It ended"), initial=meeting.ends_at)
        for row in self.rows:
            self.fields[self.name_of(row)] = forms.ChoiceField(
                label=row.user.name, choices=_entries(row), initial=_expected(row), widget=forms.RadioSelect
            )

    def everybody_present(self) -> None:
        """Choose that: the deputy where one was sent."""
        for row in self.rows:
            sent = row.reply == Invitation.Reply.DEPUTY
            self.initial[self.name_of(row)] = Invitation.Attendance.DEPUTY if sent else Invitation.Attendance.PRESENT

    @staticmethod
    def name_of(row: Invitation) -> str:
        return f"person_{row.pk}"

    def lines(self) -> list[tuple[Invitation, Any]]:
        return [(row, self[self.name_of(row)]) for row in self.rows]

    def attendance(self) -> dict[int, str]:
        return {row.pk: self.cleaned_data[self.name_of(row)] for row in self.rows}


def _entries(row: Invitation) -> list[tuple[str, Any]]:
    kept = {"present": _("present"), "absent": pgettext_lazy("attendance", "absent"), "unknown": _("not recorded")}
    if row.reply == Invitation.Reply.DEPUTY or row.attendance == Invitation.Attendance.DEPUTY:
        kept = {"deputy": _("deputy present"), **kept}
    return list(kept.items())


def _expected(row: Invitation) -> str:
    """What was recorded; before that what he said."""
    if row.attendance != Invitation.Attendance.UNKNOWN:
        return row.attendance
    said = {"attend": "present", "deputy": "deputy", "decline": "absent"}
    return said.get(row.reply, "unknown")


# ── minutes and actions ─────────────────────────────────────────────────────────────────────────


class MinutesForm(SeenForm):
    readers = forms.ChoiceField(
        label=_("who reads them"), choices=Minutes.Readers.choices, initial=Minutes.Readers.INVITED, required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    body = RichTextField(
        label=_("Minutes"),
        max_length=30_000,
        widget=RichTextarea({"data-picture-url": reverse_lazy("picture-upload"), "rows": 14}),
    )


class ActionRowForm(forms.Form):
    """What somebody does by a day; a row without a task is none."""

    task = LineField(label=_("task"), max_length=300, required=False)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("owner"), required=False, empty_label="")
    day = forms.DateField(
        label=_("by the day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, owners: QuerySet[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("task"):
            if data.get("owner") or data.get("day"):
                self.add_error("task", _("Say what is to be done, or empty the row."))
            return data
        for name in ("owner", "day"):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("This field is required."))
        return data


ActionRows: Any = forms.formset_factory(ActionRowForm, extra=ROWS_MORE, max_num=60, validate_max=True)


def action_rows(actions: Iterable[Action]) -> list[dict[str, Any]]:
    return [{"task": row.task, "owner": row.owner_id, "day": row.day} for row in actions]


def agenda_rows(items: Iterable[AgendaItem]) -> list[dict[str, Any]]:
    return [
        {
            "topic": item.topic, "minutes": item.minutes, "speaker": item.speaker,
            "keep": ",".join(str(paper.pk) for paper in item.papers.all()),
        }
        for item in items
    ]  # fmt: skip


class DoneForm(forms.Form):
    text = TextField(label=_("what was done"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class MoveForm(forms.Form):
    day = forms.DateField(label=_("by the day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = reason_field(_("Reason"))
