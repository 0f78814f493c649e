"""A condition like `pk__in` that an OR does not spoil, also of nobody at all."""

from __future__ import annotations

import pytest
from django.db.models import Q

from accounts.models import User
from channelportal.core.among import Among
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_it_finds_those_whose_id_is_among_them(cast: Cast) -> None:
    heads = User.objects.filter(role="head").order_by().values("pk")

    found = User.objects.filter(Q(Among("pk", heads)) | Q(pk=cast.ludong_member.pk))

    assert set(found.values_list("pk", flat=True)) == {row["pk"] for row in heads} | {cast.ludong_member.pk}


def test_nobody_is_among_nobody(cast: Cast) -> None:
    nobody = Q(Among("pk", User.objects.none().values("pk")))

    assert list(User.objects.filter(nobody | Q(pk=cast.ludong_head.pk))) == [cast.ludong_head]
    assert User.objects.filter(~nobody).count() == User.objects.count()
