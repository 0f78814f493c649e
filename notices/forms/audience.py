"""Choosing whom a notice is for: a form part that reads and writes `notices.audience.Audience`.

Units and people are found by typing; each chosen one is a tick box, so that it can be taken out again without a script.
Without a script names are typed, and found when the form is sent: one, or several with 、 between.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Unit, User
from channelportal.core.fields import LineField
from notices import audience as rules
from notices.audience import Audience

ROLES: Final[dict[str, tuple[str, ...]]] = {
    "all": (),
    "leaders": ("head", "deputy"),
    "officers": ("officer",),
    "both": ("head", "deputy", "officer"),
}
PICKS: Final = {"units": Unit, "without": Unit, "people": User}
LISTS: Final = ("kinds", "regions", "grades", "managers", *PICKS)  # fields with several values
LONGEST: Final = 4_000  # characters of names typed
_BETWEEN: Final = re.compile(r"[、,，;；\n]+")

PROBLEMS: Final[dict[str, tuple[str, Any]]] = {
    "empty": ("channels", _("Choose at least one channel, department, unit or person.")),
    "facets": ("kinds", _("Choose at least one condition, or all channels.")),
    "unknown": ("channels", _("This choice is not known. Choose again.")),
    "many": ("units", _("At most 2,000 can be named. Choose by condition instead.")),
}

UNFINISHED: Final = ("empty", "facets")


def units_for(user: User) -> QuerySet[Unit]:
    """The units that can be named: all that are active."""
    return Unit.objects.active()


def people_for(user: User) -> QuerySet[User]:
    """The people that this person can name: everybody for headquarters; for a channel HQ and its own people."""
    found = User.objects.filter(is_active=True, unit__active=True).select_related("unit").order_by("pinyin")
    if user.unit and user.unit.is_channel:
        found = found.filter(Q(unit__kind=Unit.Kind.HQ) | Q(unit=user.unit_id))
    return found


def find(what: str, text: str, user: User, most: int = 20) -> list[dict[str, str]]:
    """What is offered while a name is typed: {"id", "text", "hint"}."""
    if what == "people":
        people = people_for(user).filter(Q(name__icontains=text) | Q(pinyin__contains=text.lower()))
        return [{"id": str(one.pk), "text": one.name, "hint": _hint(one)} for one in people[:most]]
    found = units_for(user).filter(
        Q(name__icontains=text) | Q(pinyin__contains=text.lower()) | Q(code__iexact=text) | Q(handles__icontains=text)
    )
    return [{"id": str(one.pk), "text": one.name, "hint": _hint(one)} for one in found[:most]]


def _hint(one: Unit | User) -> str:
    if isinstance(one, Unit):
        return " · ".join(part for part in (str(one.get_kind_display()), one.region) if part)
    return " · ".join(part for part in (one.unit.name if one.unit else "", one.position) if part)


class PickField(forms.MultipleChoiceField):
    """Ids that were ticked. Whether they exist, and what was typed beside them, is for the form: it knows the person."""

    def valid_value(self, value: Any) -> bool:
        return str(value).isdecimal() and len(str(value)) < 19


@dataclass(frozen=True, slots=True)
class Pick:
    """One list of names for templates/notices/_pick.html."""

    name: str
    field: Any
    typed: str
    chosen: list[dict[str, str]]


class AudienceForm(forms.Form):
    """Mixed into a form that sets `self.user` by `user=`. `cleaned_data["audience"]` is the `Audience`."""

    channels = forms.ChoiceField(
        label=_("Channels"),
        choices=[
            ("all", _("All channels")),
            ("some", _("Channels by condition")),
            ("none", _("Only those named below")),
        ],
        widget=forms.RadioSelect,
        initial="none",
    )
    kinds = forms.MultipleChoiceField(label=_("Kind of channel"), required=False, widget=forms.CheckboxSelectMultiple)
    regions = forms.MultipleChoiceField(label=_("Region"), required=False, widget=forms.CheckboxSelectMultiple)
    grades = forms.MultipleChoiceField(label=_("Grade"), required=False, widget=forms.CheckboxSelectMultiple)
    managers = forms.MultipleChoiceField(
        label=_("Managing department"), required=False, widget=forms.CheckboxSelectMultiple
    )
    hq = forms.BooleanField(label=_("All HQ departments"), required=False)
    own = forms.BooleanField(label=_("My own unit"), required=False)
    units = PickField(label=_("Units by name"), required=False)
    people = PickField(label=_("People by name"), required=False)
    without = PickField(label=_("Leave out these units"), required=False)
    units_typed = LineField(required=False, max_length=LONGEST)
    people_typed = LineField(required=False, max_length=LONGEST)
    without_typed = LineField(required=False, max_length=LONGEST)
    reach = forms.ChoiceField(
        label=_("Who in these units"),
        choices=[
            ("all", _("Everyone")),
            ("leaders", _("Heads and deputies")),
            ("officers", pgettext_lazy("recipients", "Information officers")),
            ("both", _("Heads, deputies and officers")),
        ],
        widget=forms.RadioSelect,
        initial="all",
    )

    user: User
    sending = True  # False: a draft, which may still be without its audience

    def offer(self, user: User) -> None:
        """Fill the choices with what there is: the kinds, regions and departments of the channels of today."""
        self.user = user
        facts = list(
            Unit.objects.active().channels().values_list("kind", "region", "manager", "manager__name").distinct()
        )
        kinds = {kind for kind, *_rest in facts}
        managers = dict(sorted({(pk, name) for *_rest, pk, name in facts if pk}, key=lambda one: str(one[1])))
        self._fill("kinds", [one for one in Unit.Kind.choices if one[0] in kinds])
        self._fill("regions", [(name, name) for name in sorted({region for _k, region, *_rest in facts if region})])
        self._fill("grades", Unit.Grade.choices)
        self._fill("managers", [(str(pk), name) for pk, name in managers.items()])

    def _fill(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        self.fields[name].choices = list(choices)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = {name: self._chosen(name) for name in PICKS}
        if not self.errors.keys() & (set(LISTS) | {"channels", "reach"}):
            data["audience"] = made = self._audience(data, chosen)
            code = made.problem()
            if code and (self.sending or code not in UNFINISHED):
                field, words = PROBLEMS[code]
                self.add_error(field, words)
        return data

    def _audience(self, data: Mapping[str, Any], chosen: Mapping[str, list[int]]) -> Audience:
        by_condition = data["channels"] == "some"
        units = list(chosen["units"])
        if data["own"] and self.user.unit_id and self.user.unit_id not in units:
            units.append(self.user.unit_id)
        return Audience(
            channels=data["channels"],
            kinds=tuple(data["kinds"]) if by_condition else (),
            regions=tuple(data["regions"]) if by_condition else (),
            grades=tuple(data["grades"]) if by_condition else (),
            managers=tuple(int(pk) for pk in data["managers"]) if by_condition else (),
            hq=data["hq"],
            units=tuple(units),
            without=tuple(chosen["without"]),
            people=tuple(chosen["people"]),
            roles=ROLES[data["reach"]],
        )

    def _chosen(self, name: str) -> list[int]:
        """Ids that exist and may be named; what was typed is found by its whole name, or said to be unknown."""
        found = self._candidates(name)
        ticked = {int(pk) for pk in self.cleaned_data.get(name, [])}
        known = list(found.filter(pk__in=ticked).values_list("pk", flat=True)) if ticked else []
        typed = list(
            dict.fromkeys(
                part.strip() for part in _BETWEEN.split(self.cleaned_data.get(f"{name}_typed", "")) if part.strip()
            )
        )
        return list(dict.fromkeys([*known, *self._typed(name, typed)])) if typed else known

    def _typed(self, name: str, typed: list[str]) -> list[int]:
        """The ids of names typed in full: one question for all of them."""
        other = "username" if name == "people" else "code"
        wanted = Q(name__in=typed) | Q(
            **{f"{other}__in": {way for text in typed for way in (text, text.lower(), text.upper())}}
        )
        found: dict[str, set[int]] = defaultdict(set)
        for pk, full, short in self._candidates(name).filter(wanted).values_list("pk", "name", other):
            found[full].add(pk)
            found[short.lower()].add(pk)
        ids: list[int] = []
        for text in typed:
            same = found.get(text) or found.get(text.lower()) or set()
            if len(same) == 1:
                ids += same
                continue
            words = (
                _("There are several called “%(name)s”. Type the account.") if same else _("“%(name)s” is not known.")
            )
            self.add_error(name, forms.ValidationError(words, params={"name": text}))
        return ids

    def _candidates(self, name: str) -> QuerySet[Any]:
        return people_for(self.user) if name == "people" else units_for(self.user)

    def picks(self) -> dict[str, Pick]:
        """The three lists as they stand, for the template."""
        return {name: self._pick(name) for name in PICKS}

    def _pick(self, name: str) -> Pick:
        value = self[name].value() or []
        ids = [int(pk) for pk in value if str(pk).isdecimal() and len(str(pk)) < 19][: rules.MOST]
        rows = self._candidates(name).filter(pk__in=ids) if ids else []
        chosen = [{"id": str(one.pk), "text": one.name, "hint": _hint(one)} for one in rows]
        return Pick(name, self[name], str(self[f"{name}_typed"].value() or ""), chosen)


def initial(stored: Audience, user: User) -> dict[str, Any]:
    """The form's `initial` for a kept audience."""
    wanted = set(stored.roles)
    fitting = [code for code, roles in ROLES.items() if wanted and wanted <= set(roles)]
    reach = next((code for code in fitting if wanted == set(ROLES[code])), next(iter(fitting), "all"))
    return {
        "channels": stored.channels, "kinds": list(stored.kinds), "regions": list(stored.regions), "grades": list(stored.grades),
        "managers": [str(pk) for pk in stored.managers], "hq": stored.hq, "own": user.unit_id in stored.units,
        "units": [str(pk) for pk in stored.units if pk != user.unit_id], "people": [str(pk) for pk in stored.people],
        "without": [str(pk) for pk in stored.without], "reach": reach,
    }  # fmt: skip
