"""An approver's remarks beside the text that came back."""

from __future__ import annotations

from dataclasses import dataclass

from notices.models import Notice, Remark, Step


@dataclass(frozen=True, slots=True)
class Returned:
    """The decision that sent it back, with its remarks in the order of the text."""

    step: Step
    remarks: list[Remark]


def open_remarks(notice: Notice) -> Returned | None:
    """What the author has to answer now; None: it did not come back."""
    steps = Step.objects.filter(
        version__notice=notice, state=Step.State.RETURNED, version__state__in=["draft", "returned"]
    )
    step = steps.select_related("decided_by", "unit").order_by("-decided_at").first()
    return Returned(step, list(step.remarks.select_related("by"))) if step else None
