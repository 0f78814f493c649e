"""The notice that this person may see (else 404, the same as for one that is not there), and whether he may do this now."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts import access
from accounts.access import Refused, scope
from accounts.models import User
from notices import rights
from notices.models import Notice, Step, Version
from notices.workflow.base import wrong_state


def visible(request: HttpRequest, pk: int) -> Notice:
    found = Notice.objects.visible_to(access.signed_in(request))
    notice: Notice = get_object_or_404(found.select_related("kind", "unit", "author", "version"), pk=pk)
    return notice


def in_hand(notice: Notice) -> Version | None:
    """The version that is being written or approved; None: nothing is."""
    return notice.versions.filter(state__in=Version.OPEN).order_by("number").last()


def possible(verb: str, notice: Notice, user: User, version: Version | None = None) -> None:
    """Asked before a form is shown, and again by the verb: `Refused` (403) with its reason, `WrongState` (409) when too late."""
    rights.require(verb, notice, user)
    hand = version or in_hand(notice)
    if not rights.fits(verb, notice, hand):
        raise wrong_state(notice, hand)


def unpublished(notice: Notice, user: User, deciders: frozenset[int]) -> None:
    """`Refused` unless he may see what is not published yet, a correction in approval too: the author's side, whose step it is or
    was, and 企发部. That somebody received the notice is not enough."""
    who = scope(user)
    supervises = who.may("notice.supervise") and (not notice.confidential or who.heads_supervisors)
    if user.pk in deciders or supervises or rights.writes(notice, user):
        return
    leads = user.leads or who.may("notice.approve", user.unit_id)
    steps = Step.objects.filter(version__notice=notice, version__state__in=Version.OPEN, unit=user.unit_id)
    if not (leads and steps.filter(opened_at__isnull=False).exists()):
        raise Refused(rights.REASONS["deciding"])
