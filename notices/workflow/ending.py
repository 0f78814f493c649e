"""What is in hand and comes to nothing: its steps are void, a correction is dropped."""

from __future__ import annotations

from channelportal.core import outbox
from notices import notify
from notices.models import Step, Version
from notices.workflow.base import Matter


def void_steps(matter: Matter) -> None:
    """The steps of the version in hand that are not decided are no longer needed; nobody is mailed about them."""
    for step in Step.objects.filter(version=matter.hand, state__in=[Step.State.OPEN, Step.State.WAITING]):
        outbox.cancel(notify.about_step(step))
        step.state = Step.State.VOID
        step.save(update_fields=["state"])


def drop_in_hand(matter: Matter) -> None:
    """The correction in hand is given up; who had it open is told."""
    step = Step.objects.filter(version=matter.hand, state=Step.State.OPEN).select_related("unit").first()
    void_steps(matter)
    if step:
        matter.news.recalled(step)
    matter.set_version(state=Version.State.DROPPED)
