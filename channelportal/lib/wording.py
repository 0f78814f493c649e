"""Time and figures as people say them: "今天 18:00 前", "还剩 3 小时 20 分", "已超期 1 个工作日".

Pages and mails use the same words, so they live here. Everything is pure: the moment comes in, nothing reads a clock.
Moments are aware datetimes; the day is decided in Asia/Shanghai. Texts are in the active language.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

CHINA = ZoneInfo("Asia/Shanghai")
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㉑㉒㉓㉔㉕㉖㉗㉘㉙㉚㉛㉜㉝㉞㉟㊱㊲㊳㊴㊵㊶㊷㊸㊹㊺㊻㊼㊽㊾㊿"
WEEKDAYS = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)
MONTHS = (
    pgettext_lazy("month", "Jan"),
    pgettext_lazy("month", "Feb"),
    pgettext_lazy("month", "Mar"),
    pgettext_lazy("month", "Apr"),
    pgettext_lazy("month", "May"),
    pgettext_lazy("month", "Jun"),
    pgettext_lazy("month", "Jul"),
    pgettext_lazy("month", "Aug"),
    pgettext_lazy("month", "Sep"),
    pgettext_lazy("month", "Oct"),
    pgettext_lazy("month", "Nov"),
    pgettext_lazy("month", "Dec"),
)


class Tone(StrEnum):
    """What a colour says. Grey, blue, amber, red, green; each always stands beside words."""

    WAIT = "wait"
    HAND = "hand"
    DUE = "due"
    LATE = "late"
    DONE = "done"


def local(moment: datetime) -> datetime:
    """The moment on the wall clock in Shanghai."""
    return moment.astimezone(CHINA)


def exact(moment: datetime) -> str:
    """2026-05-12 18:00, for titles and tables that are compared."""
    return local(moment).isoformat(" ", "minutes")[:16]


def weekday(day: date) -> str:
    """周二"""
    return str(WEEKDAYS[day.weekday()])


def weekday_of(number: int) -> str:
    """周一 for 0 … 周日 for 6."""
    return weekday(date(2024, 1, 1 + number))  # a Monday


def month(day: date) -> str:
    """5 月"""
    return str(MONTHS[day.month - 1])


def plain_day(day: date, today: date | None = None) -> str:
    """5 月 8 日; with its year when that is not today's."""
    names = {"day": day.day, "month": month(day), "year": day.year}
    if today is None or day.year == today.year:
        return _("%(day)d %(month)s") % names
    return _("%(day)d %(month)s %(year)d") % names


def full_day(day: date, today: date | None = None) -> str:
    """5 月 8 日 周五"""
    return _("%(weekday)s %(day)s") % {"weekday": weekday(day), "day": plain_day(day, today)}


def day_word(day: date, today: date) -> str:
    """今天, 昨天, 明天, else the full day."""
    match (day - today).days:
        case 0:
            return _("today")
        case 1:
            return _("tomorrow")
        case -1:
            return _("yesterday")
    return full_day(day, today)


def when(moment: datetime, now: datetime) -> str:
    """今天 18:00; 昨天 16:20; 5 月 8 日 周五 10:12; 2025 年 12 月 30 日 周二 09:00."""
    here = local(moment)
    return _("%(day)s %(time)s") % {"day": day_word(here.date(), local(now).date()), "time": here.strftime("%H:%M")}


def due_day(due: datetime) -> tuple[date, str]:
    """The day and the time a due moment belongs to: the last second of a day and midnight are both its 24:00."""
    here = local(due)
    clock = (here.hour, here.minute, here.second)
    if clock == (0, 0, 0):
        return here.date() - timedelta(days=1), "24:00"
    if clock == (23, 59, 59):
        return here.date(), "24:00"
    return here.date(), here.strftime("%H:%M")


def by(due: datetime, now: datetime) -> str:
    """今天 18:00 前"""
    day, time = due_day(due)
    return _("by %(time)s %(day)s") % {"day": day_word(day, local(now).date()), "time": time}


def by_in_full(due: datetime, now: datetime) -> str:
    """今天（5 月 12 日 周二）18:00 前, for the large clock where both are wanted."""
    day, time = due_day(due)
    today = local(now).date()
    if abs((day - today).days) > 1:
        return by(due, now)
    names = {"word": day_word(day, today), "day": full_day(day, today), "time": time}
    return _("by %(time)s %(word)s (%(day)s)") % names


def span(length: timedelta) -> str:
    """3 小时 20 分; 2 天 4 小时; 20 分钟; 不到 1 分钟. Two units at most; the sign is dropped."""
    minutes = int(abs(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days and hours:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if days:
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    if hours and minutes:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if hours:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    if minutes:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return _("less than a minute")


def working_days(count: int) -> str:
    """3 个工作日"""
    return ngettext("%(count)d working day", "%(count)d working days", count) % {"count": count}


def left(due: datetime, now: datetime, days: int | None = None) -> str:
    """还剩 3 小时 20 分; 已超期 1 个工作日.

    `days`: working days between now and the due moment, counted by the calendar (late ones too, as a positive
    number). Given and not 0, they are said instead of hours: "还剩 3 个工作日". A due moment itself is still in time.
    """
    if not days and abs(due - now) < timedelta(minutes=1):
        return _("less than a minute left") if now <= due else _("overdue since just now")
    length = working_days(days) if days else span(due - now)
    if now <= due:
        return _("%(span)s left") % {"span": length}
    return _("overdue by %(span)s") % {"span": length}


def tone(due: datetime, now: datetime) -> Tone:
    """late after the due moment, due on its day, hand before."""
    if now > due:
        return Tone.LATE
    return Tone.DUE if due_day(due)[0] <= local(now).date() else Tone.HAND


def tone_word(due: datetime, now: datetime) -> str:
    """已超期, 今天到期, 明天到期 or 未到期: the words beside the colour."""
    if now > due:
        return _("Overdue")
    match (due_day(due)[0] - local(now).date()).days:
        case 0:
            return _("Due today")
        case 1:
            return _("Due tomorrow")
    return _("Not yet due")


def ago(moment: datetime, now: datetime) -> str:
    """刚刚, 5 分钟前, 3 小时前 within a day; then the day."""
    length = now - moment
    if not timedelta(0) <= length < timedelta(hours=12):
        return when(moment, now)
    if length < timedelta(minutes=1):
        return _("just now")
    if length < timedelta(hours=1):
        return _("%(span)s ago") % {"span": span(length)}
    return _("%(span)s ago") % {"span": span(timedelta(hours=length // timedelta(hours=1)))}


def file_size(count: int) -> str:
    """4.2 MB; 380 KB; 12 B, in thousands of 1,024."""
    size, unit = float(count), "B"
    for bigger in ("KB", "MB", "GB"):
        if size < 1024:
            break
        size, unit = size / 1024, bigger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"


def numeral(number: int) -> str:
    """二 for levels, as people say 二级; 2 in English."""
    chinese = (get_language() or "zh").startswith("zh") and 0 < number < 10
    return "一二三四五六七八九"[number - 1] if chinese else str(number)


def circled(number: int) -> str:
    """③, as the day strip counts working days; a plain number beyond fifty."""
    return CIRCLED[number - 1] if 1 <= number <= len(CIRCLED) else str(number)
