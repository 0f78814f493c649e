"""The answer to one reader's question, published under the notice so that all readers have it (001 四(四))."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import User
from channelportal.core import audit, clock
from channelportal.core.errors import Invalid, WrongState
from channelportal.lib.text import clean_text
from notices.models import Answer, Notice

LONGEST = 4_000


@transaction.atomic
def publish(
    notice: Notice,
    *,
    by: User,
    question: str,
    answer: str,
    ticket_id: int | None = None,
    ticket_number: str = "",
    at: datetime | None = None,
) -> Answer:
    """Question and answer stand under the notice from now on; of one ticket once, and again when that was taken down. Refused,
    WrongState, Invalid."""
    require(notice, by)
    moment = at or clock.now()
    held = Notice.objects.select_for_update().get(pk=notice.pk)
    if held.state not in (Notice.State.PUBLISHING, Notice.State.PUBLISHED):
        raise WrongState(_("Only under a published notice."))
    texts = {"question": clean_text(question)[:LONGEST], "answer": clean_text(answer)[:LONGEST]}
    for name, text in texts.items():
        if not text:
            raise Invalid(name, _("This field is required."))
    if ticket_id is not None:  # the one before stays on record by the ticket's number
        Answer.objects.filter(notice=held, ticket_id=ticket_id, removed_at__isnull=False).update(ticket_id=None)
    try:
        with transaction.atomic():
            made = Answer.objects.create(
                notice=held, **texts, ticket_id=ticket_id, ticket_number=ticket_number, by=by, at=moment
            )
    except IntegrityError:
        raise WrongState(_("The answer to this question is already published.")) from None
    audit.record("notice.answer_published", held, by=by, at=moment, data={"answer": made.pk, "ticket": ticket_number})
    return made


@transaction.atomic
def remove(answer: Answer, *, by: User, at: datetime | None = None) -> Answer:
    """Taken down; it is kept."""
    require(answer.notice, by)
    moment = at or clock.now()
    if not Answer.objects.filter(pk=answer.pk, removed_at=None).update(removed_at=moment):
        raise WrongState(_("It was already taken down."))
    answer.removed_at = moment
    audit.record("notice.answer_removed", answer.notice, by=by, at=moment, data={"answer": answer.pk})
    return answer


def require(notice: Notice, by: User) -> None:
    """`Refused` unless he answers for the unit that wrote it."""
    access.require(
        by, "notice.see", notice.unit_id, _("Only the head and the information officers of the author's unit do this.")
    )
    if by.unit_id != notice.unit_id:
        raise access.Refused(_("Only the head and the information officers of the author's unit do this."))
