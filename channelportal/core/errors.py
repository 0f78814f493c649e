"""What a verb may raise. Each carries a translated sentence for the person in front of the page."""

from __future__ import annotations

from typing import Any


class WrongState(Exception):
    """The thing is no longer in the state in which this is possible: somebody was faster, or the page is old. The middleware
    answers 409 with the sentence."""

    def __init__(self, message: Any) -> None:
        super().__init__(str(message))
        self.message = message


class Unreadable(WrongState):
    """A kept file is there and this person may have it, but it cannot be given out: its key is missing, it was altered, or the
    reader's name cannot be laid over it. The middleware shows the sentence on a page of its own (409)."""


class Invalid(Exception):
    """What was entered cannot be: `field` is the verb's argument (and the form's field), "" for the whole. Views let it stand
    at its field: `error.show_in(form)`."""

    def __init__(self, field: str, message: Any) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message

    def show_in(self, form: Any) -> None:
        """As an error of the form: at the field of that name, or above all when the form has none."""
        form.add_error(self.field if self.field in form.fields else None, str(self.message))
