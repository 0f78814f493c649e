"""When a formal reply is due (000 5.7; rules 1 to 4 and 6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from channelportal.lib.workdays import END_OF_DAY, Reason, local_date
from feedback.deadlines import BadEntry, Policy, anchor_of, check_entry, on_time, reply_due
from tests.engine.almanac import CHINA, POLICY, at, day

CASES = [
    # filed               normal   major
    ("03-02 10:00", "03-03", "03-05"),  # Monday
    ("03-06 16:00", "03-09", "03-11"),  # Friday afternoon
    ("03-07 11:00", "03-09", "03-11"),  # Saturday: Monday, not Tuesday
    ("03-08 23:59:59", "03-09", "03-11"),  # the last second of Sunday
    ("05-08 09:00", "05-09", "05-12"),  # Friday before a Saturday that is worked
    ("05-09 09:00", "05-11", "05-13"),  # on that Saturday
    ("02-13 17:00", "02-14", "02-25"),  # the eve of 春节's make-up day
    ("02-14 08:00", "02-24", "02-26"),  # on the make-up day: ten days of 春节 between
    ("09-30 15:00", "10-08", "10-10"),  # the eve of National Day
    ("10-03 12:00", "10-08", "10-10"),  # in the middle of it
    ("10-09 10:00", "10-10", "10-13"),
    ("09-19 10:00", "09-20", "09-22"),  # Saturday; Sunday is worked
    ("03-02 00:00", "03-03", "03-05"),  # the first second of a day
    ("03-02 07:10", "03-03", "03-05"),  # before opening
    ("03-02 18:00:01", "03-03", "03-05"),  # after hours
    ("03-02 23:59:59", "03-03", "03-05"),
]


@pytest.mark.parametrize(("filed", "normal", "major"), CASES)
def test_it_is_due_at_close_of_business_of_the_first_or_third_working_day_after(
    filed: str, normal: str, major: str
) -> None:
    anchor = anchor_of(at(filed))

    assert reply_due(POLICY, CHINA, anchor, "normal").at == at(f"{normal} 18:00")
    assert reply_due(POLICY, CHINA, anchor, "major").at == at(f"{major} 18:00")


def test_it_takes_the_day_in_shanghai_not_in_greenwich() -> None:
    late_on_friday_in_greenwich = datetime(2026, 3, 6, 16, 30, tzinfo=UTC)  # 00:30 on Saturday in Shanghai

    assert anchor_of(late_on_friday_in_greenwich) == date(2026, 3, 7)


def test_it_refuses_a_moment_without_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        anchor_of(datetime(2026, 3, 6, 16, 30))


def test_it_explains_itself() -> None:
    due = reply_due(POLICY, CHINA, day("02-13"), "major")

    assert [(d.date, d.ordinal) for d in due.explanation if d.working] == [
        (day("02-13"), 0),
        (day("02-14"), 1),
        (day("02-24"), 2),
        (day("02-25"), 3),
    ]
    assert [d.reason for d in due.explanation][:3] == [Reason.WEEKDAY, Reason.MAKEUP, Reason.HOLIDAY]
    assert {d.ordinal for d in due.explanation if not d.working} == {None}
    assert not due.provisional


def test_it_is_provisional_in_a_year_that_nobody_has_published() -> None:
    due = reply_due(POLICY, CHINA, date(2026, 12, 31), "normal")

    assert due.day == date(2027, 1, 4)
    assert due.provisional
    assert not reply_due(POLICY, CHINA, date(2026, 12, 30), "normal").provisional


def test_it_ends_at_24_00_where_the_company_says_so() -> None:
    due = reply_due(Policy(close_of_business=END_OF_DAY), CHINA, day("03-02"), "normal")

    assert on_time(at("03-03 23:59:59"), due.at)
    assert not on_time(at("03-04 00:00"), due.at)
    assert local_date(due.at) == due.day == day("03-03")


def test_it_counts_what_the_policy_says() -> None:
    policy = Policy(normal_days=2, major_days=5, close_of_business=time(17, 30))

    assert reply_due(policy, CHINA, day("03-02"), "normal").at == at("03-04 17:30")
    assert reply_due(policy, CHINA, day("03-02"), "major").at == at("03-09 17:30")


def test_it_never_gives_a_major_matter_less_time_whatever_somebody_set() -> None:
    policy = Policy(normal_days=4, major_days=3)

    assert reply_due(policy, CHINA, day("03-02"), "major").at == reply_due(policy, CHINA, day("03-02"), "normal").at


def test_it_does_not_know_other_severities() -> None:
    with pytest.raises(ValueError, match="urgent"):
        reply_due(POLICY, CHINA, day("03-02"), "urgent")


def test_it_is_on_time_at_the_due_moment_itself() -> None:
    due_at = at("03-03 18:00")

    assert on_time(due_at, due_at)
    assert on_time(due_at.astimezone(UTC), due_at)
    assert not on_time(due_at + timedelta(microseconds=1), due_at)


# ── entered for somebody (rule 4) ───────────────────────────────────────────────────────────────


def test_it_counts_an_entry_from_the_day_of_receipt() -> None:
    due = reply_due(POLICY, CHINA, day("03-02"), "normal", entered_at=at("03-03 17:59"))

    assert due.at == at("03-03 18:00")
    assert not due.late_entry


def test_it_is_due_the_next_working_day_when_it_was_overdue_at_entry() -> None:
    due = reply_due(POLICY, CHINA, day("03-02"), "normal", entered_at=at("03-06 10:00"))  # a Friday

    assert due.at == at("03-09 18:00")
    assert (due.late_entry, due.anchor, due.start, due.n) == (True, day("03-02"), day("03-06"), 1)


def test_it_is_still_due_by_the_count_when_entered_at_the_very_moment() -> None:
    assert not reply_due(POLICY, CHINA, day("03-02"), "normal", entered_at=at("03-03 18:00")).late_entry
    assert reply_due(POLICY, CHINA, day("03-02"), "normal", entered_at=at("03-03 18:00:01")).late_entry


def test_it_gives_a_late_major_entry_no_less_than_a_normal_one() -> None:
    entered_at = at("03-05 10:00")  # the third working day after receipt

    normal = reply_due(POLICY, CHINA, day("03-02"), "normal", entered_at=entered_at)
    major = reply_due(POLICY, CHINA, day("03-02"), "major", entered_at=entered_at)

    assert normal.at == major.at == at("03-06 18:00")


def test_it_takes_a_day_of_receipt_up_to_thirty_days_back() -> None:
    check_entry(POLICY, day("03-02"), at=at("03-02 10:00"))
    check_entry(POLICY, day("03-02"), at=at("04-01 23:59"))

    with pytest.raises(BadEntry) as refusal:
        check_entry(POLICY, day("03-02"), at=at("04-02 00:00"))
    assert refusal.value.code == "too_far_back"
    assert "30" in refusal.value.message


def test_it_takes_older_ones_from_the_supervisor_only() -> None:
    check_entry(POLICY, day("01-02"), at=at("04-02 00:00"), by_supervisor=True)


@pytest.mark.parametrize("by_supervisor", [True, False])
def test_it_takes_no_day_of_receipt_in_the_future(by_supervisor: bool) -> None:
    with pytest.raises(BadEntry) as refusal:
        check_entry(POLICY, day("03-03"), at=at("03-02 23:59:59"), by_supervisor=by_supervisor)
    assert refusal.value.code == "future"
