"""The verbs of notices; a status is written in this package only. Each takes the notice (or step, version), `by=`, the rest by
keyword, `at=` for the moment, and raises Refused (403), WrongState (409) or Invalid (what was entered cannot be).

drafting    draft, edit, send: what is written, and when it is complete
approving   approve, send_back, recall: the chain
publishing  publish, cancel, withdraw
correcting  correct, edit_correction, drop: later versions
outcome     record_outcome: what was done beside the portal
"""

from notices.workflow.approving import approve, changed_since, open_step, recall, send, send_back
from notices.workflow.correcting import correct, drop, edit_correction
from notices.workflow.drafting import draft, edit, short_lead
from notices.workflow.outcome import record_outcome
from notices.workflow.publishing import cancel, publish, withdraw

__all__ = [
    "approve", "cancel", "changed_since", "correct", "draft", "drop", "edit", "edit_correction", "open_step",
    "publish", "recall", "record_outcome", "send", "send_back", "short_lead", "withdraw",
]  # fmt: skip
