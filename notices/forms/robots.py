"""A robot of a group chat: whose it is, which group, its address and secret, which are never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channelportal.core.fields import LineField
from channelportal.lib import robots as makers
from channelportal.lib.text import clean_line
from notices.models import Robot

HINTS = {
    "wecom": _("Group settings, message push or group robots, add one, copy its Webhook address."),
    "dingtalk": _("Group settings, robots, custom. Safety: signature, or “通知” as a keyword."),
    "feishu": _("Group settings, bots, custom bot. Safety: signature, or “通知” as a keyword."),
}


class RobotForm(forms.Form):
    """For a new one; for a known one (`robot`) an empty address or secret stays as it is."""

    maker = forms.ChoiceField(label=_("group chat of"), choices=Robot.Maker.choices, widget=forms.RadioSelect)
    name = LineField(
        label=_("name of the group"), max_length=40, help_text=_("As it is called in the chat, for your own list.")
    )
    address = forms.CharField(
        label=_("address of the robot (Webhook)"),
        max_length=makers.LONGEST_ADDRESS,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Whoever has it can post in the group. It is kept encrypted and only its end is shown."),
    )
    secret = forms.CharField(
        label=_("secret of the signature"),
        max_length=makers.LONGEST_SECRET,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Only where the robot's safety setting is “signature” (DingTalk, Feishu)."),
    )
    without_secret = forms.BooleanField(label=_("the robot has no secret any more"), required=False)

    def __init__(self, *args: Any, robot: Robot | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.robot = robot
        self.fields["maker"].hints = HINTS  # type: ignore[attr-defined]  # what parts/_cards.html reads
        if robot is None or not robot.secret:
            del self.fields["without_secret"]
        if robot is None:
            return
        self.initial = {"maker": robot.maker, "name": robot.name}
        self.fields["address"].required = False
        self.fields["address"].help_text = _("Leave it empty to keep the present one.")
        if robot.secret:
            self.fields["secret"].help_text = _("Leave it empty to keep the present one.")

    def clean_address(self) -> str:
        return clean_line(self.cleaned_data["address"])

    def values(self) -> dict[str, Any]:
        """The arguments of `workflow.robots.add` and `change`."""
        data = {name: self.cleaned_data[name] for name in ("maker", "name", "address", "secret")}
        if self.cleaned_data.get("without_secret"):
            data["secret"] = None
        return data
