"""accounts/passwords.py: when a password is due, what is strong, what an issued one looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import passwords
from accounts.passwords import Fault, State

CHINA = ZoneInfo("Asia/Shanghai")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@dataclass
class Periods:
    password_months: int = 1
    password_freeze_days: int = 15


@dataclass
class Person:
    password_changed_at: datetime | None
    frozen_at: datetime | None = None


@pytest.mark.parametrize(
    ("changed", "months", "due"),
    [
        ("2026-05-08 16:00", 1, "2026-06-08 16:00"),
        ("2026-01-31 09:30", 1, "2026-02-28 09:30"),
        ("2028-01-31 09:30", 1, "2028-02-29 09:30"),
        ("2026-01-28 09:30", 1, "2026-02-28 09:30"),
        ("2026-03-31 23:59", 1, "2026-04-30 23:59"),
        ("2026-12-31 00:00", 1, "2027-01-31 00:00"),
        ("2026-11-30 12:00", 3, "2027-02-28 12:00"),
        ("2026-05-08 16:00", 12, "2027-05-08 16:00"),
        ("2026-03-01 00:30", 1, "2026-04-01 00:30"),  # the day of Shanghai: in UTC it is still February
    ],
)
def test_it_is_due_a_calendar_month_later(changed: str, months: int, due: str) -> None:
    assert passwords.due_at(moment(changed), months) == moment(due)


@given(changed=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), months=st.integers(1, 12))
def test_it_is_due_on_the_same_day_or_the_months_last(changed: datetime, months: int) -> None:
    start = changed.replace(tzinfo=CHINA)

    due = passwords.due_at(start, months).astimezone(CHINA)

    assert (due.year * 12 + due.month) - (start.year * 12 + start.month) == months
    assert due.timetz() == start.timetz()
    assert due.day == start.day or (due.day < start.day and (due + timedelta(days=1)).day == 1)
    assert start <= passwords.earliest_due_change(due, months)  # the sweep's coarse bound misses nobody


@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2026-02-28 09:29:59", State.FRESH),
        ("2026-02-28 09:30:00", State.DUE),
        ("2026-03-15 09:29:59", State.DUE),
        ("2026-03-15 09:30:00", State.FROZEN),
    ],
)
def test_it_turns_at_the_very_moment(at: str, state: State) -> None:
    assert passwords.state(Person(moment("2026-01-31 09:30")), Periods(), moment(at)) == state


def test_it_knows_an_issued_and_a_frozen_account() -> None:
    assert passwords.state(Person(None), Periods(), moment("2026-01-01")) == State.ISSUED
    assert passwords.state(Person(None, moment("2026-01-01")), Periods(), moment("2026-01-01")) == State.FROZEN


@pytest.mark.parametrize(
    ("at", "reminded", "step"),
    [
        ("2026-06-01 15:59", None, None),
        ("2026-06-01 16:00", None, 7),
        ("2026-06-01 16:00", 7, None),
        ("2026-06-05 16:00", 7, 3),
        ("2026-06-05 16:00", None, 3),  # the worker was down for days: only the nearest is sent
        ("2026-06-07 16:00", 3, 1),
        ("2026-06-07 16:00", 1, None),
        ("2026-06-08 16:00", 3, None),  # due: the gate speaks now
    ],
)
def test_it_reminds_once_for_each_step(at: str, reminded: int | None, step: int | None) -> None:
    assert passwords.reminder(moment("2026-05-08 16:00"), reminded, Periods(), moment(at)) == step


@pytest.mark.parametrize(
    ("at", "days"), [("2026-06-08 09:00", 0), ("2026-06-07 23:59", 1), ("2026-06-01 00:00", 7), ("2026-07-01", 0)]
)
def test_it_counts_the_days_left_by_the_calendar(at: str, days: int) -> None:
    assert passwords.days_left(Person(moment("2026-05-08 16:00")), Periods(), moment(at)) == days


def test_it_counts_no_days_without_an_own_password() -> None:
    assert passwords.days_left(Person(None), Periods(), moment("2026-06-08 09:00")) is None


OWN = passwords.own_words(
    names=["周主管", "zhouzhuguan", "客户服务部"], accounts=["kefu.head", "zhou_2"], phones=["138 0000 4321"]
)


@pytest.mark.parametrize(
    "good",
    [
        "Vk7-lantern-grove",
        "春江潮水连海平，海上明月共潮生",  # a Chinese character stands for both classes of letters; the comma is a sign
        "一把蓝色的椅子和九只猫3",
        "correct Horse battery 9",
        "Ab1!" + "xyqz" * 31,  # 128
    ],
)
def test_it_accepts(good: str) -> None:
    assert passwords.faults(good, own=OWN) == []


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ("Vk7-lante", Fault.SHORT),
        ("Ab1!" + "xyqz" * 31 + "w", Fault.LONG),
        ("lantern-grove-hill", Fault.CLASSES),
        ("春江潮水连海平海上明月", Fault.CLASSES),
        ("Aa1!Aa1!Aa1!", Fault.FEW),
        ("Abcdefgh1234", Fault.FEW),
        ("Qwertyuiop9!", Fault.FEW),
        ("Password2026", Fault.COMMON),
        ("P@ssw0rd2026!", Fault.COMMON),
        ("Qudao-2026!", Fault.COMMON),
        ("渠道信息2026，", Fault.COMMON),
        ("周主管的蓝椅子，9", Fault.OWN),
        ("Zhouzhuguan-#71x", Fault.OWN),
        ("lantern-4321-Grove", Fault.OWN),
        ("Lantern+kefu+71", Fault.OWN),
        ("ACDE-FGHJK-MNPQR", Fault.ISSUED),
    ],
)
def test_it_refuses(bad: str, fault: Fault) -> None:
    assert fault in passwords.faults(bad, own=OWN)


@pytest.mark.parametrize(
    "new", ["Vk7-lantern-grove2", "vk7-lantern-grove!A", "2Vk7-Lantern-grove", "Ｖk7-lantern-grove9"]
)
def test_it_refuses_what_is_nearly_the_old_one(new: str) -> None:
    assert Fault.SIMILAR in passwords.faults(new, old="Vk7-lantern-grove")


def test_it_accepts_what_is_another_one() -> None:
    assert passwords.faults("Nine!paper-Boats", old="Vk7-lantern-grove") == []


@given(st.text(max_size=300))
def test_it_never_stumbles_and_never_accepts_the_short_or_long(text: str) -> None:
    found = passwords.faults(text, own=["kefu"], old="Vk7-lantern-grove")

    if len(passwords.normal(text)) < 10:
        assert Fault.SHORT in found or Fault.LONG in found
    if len(text) > 128:
        assert found == [Fault.LONG]
    assert 0 <= passwords.classes(text) <= 4


@given(st.text(max_size=130))
def test_it_hashes_one_form_whatever_the_input_method_wrote(text: str) -> None:
    assert passwords.normal(passwords.normal(text)) == passwords.normal(text)


def test_it_issues_what_cannot_be_misread() -> None:
    many = {passwords.issue().plain for _ in range(500)}

    assert len(many) == 500
    assert all(len(one) == 14 and not set(one) & set("0OI1L2Z5S8B") for one in many)
    assert all(passwords.issued(passwords.Issued(one).shown) == one for one in many)


@pytest.mark.parametrize(
    "typed", ["ACDE-FGHJK-MNPQR", "acde-fghjk-mnpqr", "ACDEFGHJKMNPQR", " acde fghjk mnpqr ", "ACDE–FGHJK–MNPQR"]
)
def test_it_reads_an_issued_one_however_it_is_typed(typed: str) -> None:
    assert passwords.issued(typed) == "ACDEFGHJKMNPQR"


@pytest.mark.parametrize("typed", ["", "ACDEFGHJKMNPQ", "AcdeFghjkMnpqr", "0CDEFGHJKMNPQR", "Vk7-lantern-grove"])
def test_it_takes_nothing_else_for_an_issued_one(typed: str) -> None:
    assert passwords.issued(typed) is None


@given(st.text(min_size=10, max_size=20))
def test_it_leaves_no_own_password_of_an_issued_ones_shape(text: str) -> None:
    if passwords.issued(text) is not None:
        assert Fault.ISSUED in passwords.faults(text)
