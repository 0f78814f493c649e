"""A notice or a 渠道沟通申请表 being written. The names of the fields are those of the verbs' arguments.

A draft may be saved half done: kind and title are enough. Sending asks for everything (`sending=True`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.urls import reverse_lazy
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from channelportal.core import clock, drafts
from channelportal.core.fields import LineField, MultiFileField, RichTextField, TextField
from channelportal.core.models import Draft
from channelportal.core.once import OnceMixin
from channelportal.lib.workdays import local_date
from notices import rights
from notices.audience import Audience
from notices.forms import audience as audiences
from notices.forms.audience import AudienceForm
from notices.models import Level, Notice, NoticeKind, Version

DAYS: Final = ["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"]
MOMENTS: Final = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"]
MOST_AHEAD: Final = timedelta(days=366)
PORTAL: Final = Notice.Means.PORTAL.value


def kinds_for(user: User) -> list[NoticeKind]:
    """The kinds that this person's unit may write, in their order."""
    return [kind for kind in NoticeKind.objects.filter(active=True) if rights.writes_kind(kind, user)]


def text_field(label: Any, *, rows: int = 3, most: int = 2_000, required: bool = False, hint: Any = "") -> TextField:
    widget = forms.Textarea(attrs={"rows": rows, "placeholder": hint})
    return TextField(label=label, required=required, max_length=most, widget=widget)


def day_field(label: Any, **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, input_formats=DAYS, required=False, **kwargs)


def moment_field(label: Any, **kwargs: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, input_formats=MOMENTS, required=False, **kwargs)


def body_field(**kwargs: Any) -> RichTextField:
    field = RichTextField(**{"label": _("Text"), **kwargs})
    field.widget.attrs["data-picture-url"] = reverse_lazy("picture-upload")
    return field


def files_field() -> Any:
    field = MultiFileField(
        label=_("Files"), help_text=_("PDF, Office, WPS, OFD, pictures, text, zip; at most 10 files.")
    )
    field.widget.attrs["data-max-bytes"] = str(settings.UPLOAD_MAX_BYTES)
    return field


class KeptFiles(forms.MultipleChoiceField):
    """Files that are there already: an unticked one is taken away. Value: their ids (UUID, as text)."""

    def __init__(self) -> None:
        super().__init__(label=_("Files that are there"), required=False, widget=forms.CheckboxSelectMultiple)


class NoticeForm(OnceMixin, AudienceForm):
    """A notice. `verb_arguments()` is what `workflow.draft` and `workflow.edit` take, but for the files."""

    request = False

    kind = forms.ChoiceField(label=pgettext_lazy("notice", "Kind"), widget=forms.RadioSelect)
    purpose = text_field(_("Purpose"), rows=2, most=300, hint=_("What is to be reached with it"))
    title = LineField(label=_("Title"), max_length=100)
    reason = text_field(_("Why"), hint=_("What led to this policy"))
    impact = text_field(_("What it affects"), hint=_("Which channels, products, orders; what they have to do"))
    effective_on = day_field(_("In force from"))
    lead_note = LineField(label=_("Why it cannot wait"), required=False, max_length=300)
    body = body_field()
    files = files_field()
    keep_files = KeptFiles()
    level = forms.ChoiceField(
        label=_("Confidentiality level"), choices=Level.choices, initial=Level.NORMAL, widget=forms.RadioSelect
    )
    importance = forms.ChoiceField(
        label=_("Importance"),
        choices=Notice.Importance.choices,
        initial=Notice.Importance.NORMAL,
        widget=forms.RadioSelect,
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Notice.Urgency.choices, initial=Notice.Urgency.NORMAL, widget=forms.RadioSelect
    )
    major = forms.BooleanField(
        label=_("About a major decision or project"),
        required=False,
        help_text=_("Company management approves it too."),
    )
    valid_until = day_field(
        _("Valid until"),
        help_text=_("Empty: until further notice. Afterwards it leaves the inbox and is marked as expired."),
    )
    acknowledge = forms.BooleanField(label=_("Recipients acknowledge it"), required=False)
    acknowledge_mode = forms.ChoiceField(
        label=_("Until when"),
        choices=[("days", _("So many working days after publication")), ("day", _("By a day"))],
        initial="days",
        required=False,
        widget=forms.RadioSelect,
    )
    acknowledge_days = forms.IntegerField(label=_("Working days"), min_value=1, max_value=30, initial=2, required=False)
    acknowledge_by = day_field(_("By this day"))
    unit_answers = forms.BooleanField(
        label=_("One for the unit"),
        required=False,
        help_text=_("The head or one information officer acknowledges for all of his unit."),
    )
    late_joiners = forms.BooleanField(
        label=_("Also for those who join later"), required=False, help_text=_("As long as it is valid.")
    )
    means = forms.MultipleChoiceField(
        label=_("Besides the portal"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (Notice.Means.MAIL.value, Notice.Means.MAIL.label),
            (Notice.Means.ROBOT.value, Notice.Means.ROBOT.label),
        ],
        initial=[Notice.Means.MAIL.value],
    )
    publish_when = forms.ChoiceField(
        label=_("When"),
        choices=[("now", _("As soon as it is approved")), ("at", _("At a set time"))],
        initial="now",
        widget=forms.RadioSelect,
    )
    publish_at = moment_field(_("Publish at"))

    def __init__(
        self, *args: Any, user: User, sending: bool = False, notice: Notice | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.notice, self.sending = notice, sending
        self.offer(user)
        self.of_kind = {str(kind.pk): kind for kind in kinds_for(user)}
        if notice is not None:
            self.of_kind.setdefault(str(notice.kind_id), notice.kind)
        self._fill("kind", [(pk, kind.name) for pk, kind in self.of_kind.items()])
        self.fields["kind"].hints = {pk: kind.hint for pk, kind in self.of_kind.items()}  # type: ignore[attr-defined]
        for name in ("body", "reason", "impact", "effective_on"):  # an empty form shows what the sending will ask for
            self.fields[name].required = not self.is_bound or (sending and name == "body")
        self.fields["level"].hints = LEVELS  # type: ignore[attr-defined]
        self.fields["means"].hints = MEANS  # type: ignore[attr-defined]
        self.fields["purpose"].required = self.request and (sending or not self.is_bound)
        self._offer_files()

    def _offer_files(self) -> None:
        version = _in_hand(self.notice) if self.notice else None
        self.kept = [row.file for row in version.files.select_related("file")] if version else []
        self._fill("keep_files", [(str(one.pk), one.name) for one in self.kept])

    # ── what the template asks ──────────────────────────────────────────────────────────────────

    @property
    def policy_kinds(self) -> str:
        """For data-show-if: the kinds that say why, what and from when."""
        return ",".join(pk for pk, kind in self.of_kind.items() if kind.policy) or "-"

    @property
    def chosen_kind(self) -> NoticeKind | None:
        return self.of_kind.get(str(self["kind"].value() or ""))

    @property
    def kind_facts(self) -> dict[str, dict[str, Any]]:
        """What static/js/notices.js fills in when a kind is chosen."""
        return {
            pk: {"acknowledge": kind.acknowledge, "days": kind.acknowledge_days, "until": _until(kind)}
            for pk, kind in self.of_kind.items()
        }

    @property
    def open_reading(self) -> bool:
        """Whether the folded section stands open: something in it differs from the default, or is wrong."""
        return self._opened(
            "acknowledge", "level", "importance", "urgency", "major", "valid_until", "late_joiners", "acknowledge_by"
        )

    @property
    def open_sending(self) -> bool:
        return self._opened("means", "publish_when", "publish_at")

    def _opened(self, *names: str) -> bool:
        return any((self.is_bound and name in self.errors) or self._differs(name) for name in names)

    def _differs(self, name: str) -> bool:
        value, first = self[name].value(), self.fields[name].initial
        if isinstance(self.fields[name], forms.BooleanField):
            return bool(value)
        return bool(value) and value != first

    # ── what was entered ────────────────────────────────────────────────────────────────────────

    def clean_kind(self) -> NoticeKind:
        return self.of_kind[self.cleaned_data["kind"]]

    def clean_publish_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["publish_at"]
        if self.data.get("publish_when") != "at":
            return None
        if at is None:
            if self.sending:
                raise forms.ValidationError(_("Say on which day and at what time."))
            return None
        if self.sending and at <= clock.now():
            raise forms.ValidationError(_("This moment has passed."))
        if at > clock.now() + MOST_AHEAD:
            raise forms.ValidationError(_("At most a year ahead."))
        return at

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self._clean_policy(data)
        self._clean_acknowledgement(data)
        today = local_date(clock.now())
        if data.get("valid_until") and data["valid_until"] < today:
            self.add_error("valid_until", _("This day has passed."))
        return data

    def _clean_policy(self, data: dict[str, Any]) -> None:
        kind = data.get("kind")
        if kind is None or not kind.policy:
            data |= {"reason": "", "impact": "", "effective_on": None, "lead_note": ""}
            return
        for name in ("reason", "impact", "effective_on"):
            if self.sending and not data.get(name) and name not in self.errors:
                self.add_error(name, _("A policy says why, what it affects and from when."))

    def _clean_acknowledgement(self, data: dict[str, Any]) -> None:
        if not data.get("acknowledge"):
            data |= {"acknowledge_by": None, "unit_answers": False}
        elif data.get("acknowledge_mode") != "day":
            data["acknowledge_by"] = None
        elif not data.get("acknowledge_by") and "acknowledge_by" not in self.errors:
            self.add_error("acknowledge_by", _("Say by which day, or choose working days."))
        if not data.get("acknowledge_days"):
            data["acknowledge_days"] = data["kind"].acknowledge_days if data.get("kind") else 2

    def verb_arguments(self) -> dict[str, Any]:
        """For `workflow.draft` and `workflow.edit`; without `files`, `keep_files` and `key`."""
        data = self.cleaned_data
        names = (
            "kind", "title", "body", "level", "importance", "urgency", "major", "valid_until", "late_joiners", "acknowledge",
            "acknowledge_by", "acknowledge_days", "unit_answers", "publish_at", "reason", "impact", "effective_on",
        )  # fmt: skip
        given = {name: data[name] for name in names}
        return (
            given
            | {"audience": data.get("audience") or Audience(), "means": self._means(data)}
            | ({"purpose": data["purpose"]} if self.request else {})
        )

    def _means(self, data: Mapping[str, Any]) -> list[str]:
        return [PORTAL, *data["means"]]


class RequestForm(NoticeForm):
    """渠道沟通申请表 (001 四(一)): a purpose, and means that need not be the portal."""

    request = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        means = self.fields["means"]
        means.label, means.required = _("By which means"), self.sending
        self._fill("means", Notice.Means.choices)
        self.fields["publish_when"].label = _("Wished time")
        self.fields["publish_at"].label = _("Wished for")
        if not self.is_bound:
            self.initial.setdefault("means", [PORTAL])

    def _means(self, data: Mapping[str, Any]) -> list[str]:
        return list(data["means"])


LEVELS: Final = {
    Level.NORMAL.value: _("May be passed on"),
    Level.INTERNAL.value: _("Stays among the recipients' units"),
    Level.CONFIDENTIAL.value: _(
        "Management approves; files are encrypted, each download is on record with the reader's name; mails carry no text"
    ),
}
MEANS: Final = {
    Notice.Means.MAIL.value: _("Subject and link; never the text of a confidential one"),
    Notice.Means.ROBOT.value: _("Posted in the group chats of the units reached, and of yours"),
    Notice.Means.PORTAL.value: _("Published here, with receipts"),
    Notice.Means.MEETING.value: _("You record afterwards what was done"),
    Notice.Means.VISIT.value: _("You record afterwards what was done"),
    Notice.Means.PHONE.value: _("You record afterwards what was done"),
}


def _until(kind: NoticeKind) -> str:
    return (local_date(clock.now()) + timedelta(days=kind.valid_days)).isoformat() if kind.valid_days else ""


def _in_hand(notice: Notice) -> Version | None:
    return notice.versions.filter(state__in=Version.OPEN).order_by("number").last()


# ── what stands in a form at first ──────────────────────────────────────────────────────────────


def from_kind(kind: NoticeKind | None) -> dict[str, Any]:
    """The defaults of a kind."""
    if kind is None:
        return {}
    return {
        "kind": str(kind.pk),
        "acknowledge": kind.acknowledge,
        "acknowledge_days": kind.acknowledge_days,
        "valid_until": _until(kind),
    }


def from_draft(form: type[forms.Form], user: User, name: str, since: datetime | None = None) -> dict[str, Any]:
    """What was being typed: a box that was not ticked is not ticked, one value of several is a list. Empty when nothing was, or
    nothing since the notice was saved."""
    if since and not Draft.objects.filter(user=user, form=name, at__gt=since).exists():
        return {}
    kept = drafts.initial(user, name)
    if not kept:
        return {}
    for field_name, field in form.base_fields.items():
        if isinstance(field, forms.BooleanField):
            kept[field_name] = bool(kept.get(field_name))
        elif isinstance(field, forms.MultipleChoiceField):
            value = kept.get(field_name, [])
            kept[field_name] = value if isinstance(value, list) else [value]
    kept.pop("once", None)
    return kept


def from_notice(notice: Notice, version: Version, user: User) -> dict[str, Any]:
    """A draft as it was saved."""
    facts = {
        name: getattr(notice, name)
        for name in (
            "purpose", "level", "importance", "urgency", "major", "valid_until", "late_joiners", "acknowledge",
            "acknowledge_days", "acknowledge_by", "unit_answers",
        )
    }  # fmt: skip
    words = {name: getattr(version, name) for name in ("title", "body", "reason", "impact", "effective_on")}
    timed, sent = notice.publish_at is not None, version.sendings.order_by("round").last()
    return (
        facts
        | words
        | audiences.initial(Audience.read(notice.audience), user)
        | {
            "kind": str(notice.kind_id),
            "means": [code for code in notice.means if notice.request or code != PORTAL],
            "acknowledge_mode": "day" if notice.acknowledge_by else "days",
            "publish_when": "at" if timed else "now",
            "publish_at": localtime(notice.publish_at) if notice.publish_at else None,
            "lead_note": sent.facts.get("lead_note", "") if sent else "",
            "keep_files": [str(pk) for pk in version.files.values_list("file", flat=True)],
        }
    )
