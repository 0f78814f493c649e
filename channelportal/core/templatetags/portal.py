"""The tags and filters every template has without loading them (settings: builtins). Examples: docs/parts.md.

They are called up to several times a row, so they are cheap: no query, no template lookup for the small ones.
"now" is taken from the context when a view puts one there, so that all clocks of a page agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from channelportal.lib import compare as comparing
from channelportal.lib import rich as formatted
from channelportal.lib import wording
from channelportal.lib.workdays import Explained, Reason

register = template.Library()


def _now(context: Context) -> datetime:
    now = context.get("now")
    return now if isinstance(now, datetime) else timezone.now()


def _of(thing: Any, name: str, default: Any = None) -> Any:
    """One value of what a view hands over: a mapping or any object."""
    if isinstance(thing, Mapping):
        return thing.get(name, default)
    return getattr(thing, name, default)


# ── Small marks ─────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """{% icon "bell" %}: a picture from static/icons.svg. With a label it is read aloud, without it is decoration."""
    return _icon(name, css, str(label))  # str: a lazy text as a key would freeze one language in the cache


@lru_cache(maxsize=512)
def _icon(name: str, css: str, label: str) -> SafeString:
    heard = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" {} focusable="false"><use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        heard,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def chip(tone: str, label: object, css: str = "") -> SafeString:
    """{% chip "late" "已超期" %}: a state, as a dot and words. tone: wait hand due late done, or plain (no dot)."""
    return format_html(
        '<span class="chip chip-{} {}">{}</span>' if css else '<span class="chip chip-{0}">{2}</span>', tone, css, label
    )


@register.simple_tag
def avatar(name: str, hq: object = False, css: str = "") -> SafeString:
    """{% avatar user.name hq=True %}: the first character in a round; green for headquarters, blue for channels."""
    side = "who-hq" if hq else "who-channel"
    return format_html(
        '<span class="who {}{}" aria-hidden="true">{}</span>', side, f" {css}" if css else "", str(name)[:1].upper()
    )


@register.simple_tag
def bar(value: float | None, last: float | None = None, tone: str = "hand") -> SafeString:
    """{% bar 92 last=95 tone="due" %}: a rate of 0–100 with last month's mark. None draws an empty track."""
    if value is None:
        return SafeString('<svg class="bar" aria-hidden="true" focusable="false"></svg>')
    said, mark = _("%(value)s%%") % {"value": f"{value:g}"}, SafeString("")
    if last is not None:
        said = _("%(value)s%%, %(last)s%% last month") % {"value": f"{value:g}", "last": f"{last:g}"}
        at = f"{max(0.5, min(99.5, float(last))):g}%"
        mark = format_html('<line class="bar-last" x1="{}" x2="{}" y1="0" y2="100%"></line>', at, at)
    return format_html(
        '<svg class="bar bar-{}" role="img" aria-label="{}" focusable="false">'
        '<rect class="bar-track" y="2" width="100%" height="10" rx="3"></rect>'
        '<rect class="bar-fill" y="2" width="{}%" height="10" rx="3"></rect>{}</svg>',
        tone,
        said,
        f"{max(0.0, min(100.0, float(value))):g}",
        mark,
    )


@register.filter
def heat(value: float, most: float) -> int:
    """{{ n|heat:most }}: 0–9 for class="heat-N", where 0 is nothing and 9 the most."""
    if not value or not most:
        return 0
    return max(1, min(9, round(9 * float(value) / float(most))))


@register.filter
def filesize(count: int) -> str:
    """{{ file.size|filesize }}: 4.2 MB"""
    return wording.file_size(count)


FILE_ICONS = {
    "jpg": "photo",
    "jpeg": "photo",
    "png": "photo",
    "zip": "file-zip",
    "xls": "file-sheet",
    "xlsx": "file-sheet",
    "et": "file-sheet",
    "csv": "file-sheet",
}


@register.filter
def file_icon(name: str) -> str:
    """The icon's name for a file's name."""
    return FILE_ICONS.get(name.rpartition(".")[2].lower(), "file")


# ── Formatted text ──────────────────────────────────────────────────────────────────────────────


@register.filter
def rich(html: str | None, pictures: str = "") -> SafeString:
    """{{ notice.body|rich }} inside class="rich": formatted text, cleaned once more, so that no way into the database is a
    way into the page. A wide table scrolls in a frame of its own. |rich:"/rules/3/pictures/": where the reader has them from."""
    frame = format_html('<div class="rich-table" role="group" tabindex="0" aria-label="{}"><table>', _("Table"))
    # every "<table>" in clean text is a tag: what is text there, or a description of a picture, has its brackets escaped
    text = _cleaned(str(html or "")).replace("<table>", frame).replace("</table>", "</table></div>")
    return SafeString(formatted.with_pictures_at(escape(pictures), text) if pictures else text)


_MARKED = frozenset({"ins", "del"})


@register.filter
def compared(html: str, how: str = "") -> SafeString:
    """{{ row.old|compared }}: one side of a row of lib.compare, where what is different is marked. |compared:"copy" has no
    links: what is hidden from a screen reader must not be a stop for Tab."""
    return SafeString(formatted.wall(html, _MARKED, frozenset({"a"} if how == "copy" else ())))


@register.inclusion_tag("parts/_compare.html")
def compare(old: str, new: str, before: str = "", after: str = "") -> dict[str, Any]:
    """{% compare old.body new.body before=_("Version 1") after=_("Version 2") %}: two versions side by side.

    What is unchanged and away from any change is folded.
    """
    rows = comparing.compare(old or "", new or "")
    counts = {kind: sum(row.kind == kind for row in rows) for kind in ("added", "removed")}
    counts["changed"] = sum(row.kind in ("changed", "format") for row in rows)
    return {
        "stretches": comparing.stretches(rows),
        "counts": counts,
        "same": not any(counts.values()),
        "before": before or _("Version before"),
        "after": after or _("Version after"),
    }


@lru_cache(maxsize=256)
def _cleaned(html: str) -> str:
    return formatted.clean(html)


# ── Time ────────────────────────────────────────────────────────────────────────────────────────


def _time(moment: datetime, words: str, css: str = "", due: bool = False) -> SafeString:
    # by hand and not by format_html, which takes four times as long: several of these stand in every row of a list,
    # and all but the words is made here
    stamp = moment.astimezone(wording.CHINA).isoformat(timespec="seconds")
    title = f"{stamp[:10]} {stamp[11:16]}"
    dress = f' class="{css}"' if css else ""
    tick = " data-due" if due else ""
    return SafeString(f'<time datetime="{stamp}" title="{title}"{dress}{tick}>{escape(words)}</time>')


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None, empty: str = "–") -> SafeString | str:
    """{% when entry.at %}: 今天 18:00, 昨天 16:20, 5 月 8 日 周五 10:12; the exact moment on hover."""
    return _time(moment, wording.when(moment, _now(context))) if moment else empty


@register.simple_tag(takes_context=True)
def by(context: Context, due: datetime | None, empty: str = "–") -> SafeString | str:
    """{% by obligation.due_at %}: 今天 18:00 前"""
    return _time(due, wording.by(due, _now(context))) if due else empty


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: datetime | None, empty: str = "–") -> SafeString | str:
    """{% ago alert.at %}: 5 分钟前; a day once it is longer ago."""
    return _time(moment, wording.ago(moment, _now(context))) if moment else empty


@register.simple_tag(takes_context=True)
def left(
    context: Context, due: datetime | None, now: datetime | None = None, days: int | None = None, empty: str = "–"
) -> SafeString | str:
    """{% left due %} or {% left due days=late_working_days %}: 还剩 3 小时 20 分, 已超期 1 个工作日.

    Without days it counts down by itself in the browser. Coloured on the due day and when late.
    """
    if due is None:
        return empty
    at = now or _now(context)
    tone = wording.tone(due, at)
    css = f"left left-{tone}" if tone in (wording.Tone.DUE, wording.Tone.LATE) else "left"
    return _time(due, wording.left(due, at, days), css, due=not days)


@register.simple_tag(takes_context=True)
def due_chip(context: Context, due: datetime) -> SafeString:
    """{% due_chip due %}: 今天到期, 明天到期, 已超期, 未到期 with its colour."""
    now = _now(context)
    return chip(wording.tone(due, now), wording.tone_word(due, now))


@register.simple_tag(takes_context=True)
def day(context: Context, value: date | None, empty: str = "–") -> str:
    """{% day agreement.ends %}: 5 月 15 日 周五; with its year when that is another."""
    return wording.full_day(value, wording.local(_now(context)).date()) if value else empty


# ── The clock and the day strip ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ClockFace:
    """What parts/_clock.html shows."""

    what: str
    tone: str
    label: str
    headline: str
    sentence: str
    due_at: datetime | None
    ticking: bool
    percent: int | None
    explanation: Any
    reason: str


@register.inclusion_tag("parts/_clock.html", takes_context=True)
def clock(context: Context, view: Any) -> dict[str, Any]:
    """{% clock view %}: the large clock of one obligation.

    `view` (mapping or object): what (正式答复), due_at, started_at; and where they apply met_at, paused,
    late_days (working days late), left_days (working days left, said instead of hours from 2 on), provisional,
    note, explanation (as for the day strip, see there), sentence, open (the strip unfolded; by default it is).
    """
    now = _now(context)
    return {
        "face": _met_face(view, now) if _of(view, "met_at") else _open_face(view, now),
        "provisional": bool(_of(view, "provisional")),
        "note": _of(view, "note", ""),
        "open": _of(view, "open", True),
    }


def _open_face(view: Any, now: datetime) -> ClockFace:
    due = _of(view, "due_at")
    late_days, left_days = _of(view, "late_days"), _of(view, "left_days")
    days = late_days if now > due else left_days if (left_days or 0) > 1 else None
    paused = bool(_of(view, "paused"))
    tone, label = wording.tone(due, now), wording.tone_word(due, now)
    if paused:
        tone, label = wording.Tone.WAIT, _("Paused")
    names = {"by": wording.by_in_full(due, now), "what": _of(view, "what", "")}
    return ClockFace(
        what=names["what"],
        tone=tone,
        label=label,
        headline=wording.left(due, now, days),
        sentence=_("%(what)s %(by)s") % names,
        due_at=due,
        ticking=not days and not paused,
        percent=_percent(_of(view, "started_at"), due, now),
        explanation=_of(view, "explanation"),
        reason=_of(view, "sentence", ""),
    )


def _met_face(view: Any, now: datetime) -> ClockFace:
    met, due = _of(view, "met_at"), _of(view, "due_at")
    late = met > due
    return ClockFace(
        what=_of(view, "what", ""),
        tone=wording.Tone.LATE if late else wording.Tone.DONE,
        label=_("Done, but late") if late else _("Done in time"),
        headline=_("%(what)s done") % {"what": _of(view, "what", "")},
        sentence=_("Done %(met)s; it was due %(due)s") % {"met": wording.when(met, now), "due": wording.when(due, now)},
        due_at=due,
        ticking=False,
        percent=100,
        explanation=_of(view, "explanation"),
        reason=_of(view, "sentence", ""),
    )


def _percent(start: datetime | None, due: datetime, now: datetime) -> int | None:
    if start is None or due <= start:
        return None
    return max(0, min(100, round(100 * ((now - start) / (due - start)))))


@dataclass(frozen=True)
class StripCell:
    """One day of the strip, or several days off drawn as one."""

    top: str
    number: str
    note: str
    css: str
    reason: str


@register.inclusion_tag("parts/_daystrip.html")
def daystrip(explanation: Any, sentence: str = "", start: str = "") -> dict[str, Any]:
    """{% daystrip explanation %}: why this day? 提出 · 调休① · 休 · ② · ③ 到期, and a sentence below.

    `explanation`: what WorkCalendar.explain() or explain_until() gives (days in order; the last is the due day), or a
    mapping or object with days and sentence. `start`: the word under the first day, by default 提出.
    """
    days = _of(explanation, "days") or explanation
    return {
        "cells": strip_cells(list(days), start or _of(explanation, "start") or _("Filed")),
        "sentence": sentence or _of(explanation, "sentence", ""),
    }


MOST_CELLS = 12


def strip_cells(days: Sequence[Explained], start: str) -> list[StripCell]:
    """At most MOST_CELLS: more than three days off in a row are one cell, the middle of a long way is cut out."""
    cells: list[StripCell] = []
    for run in _runs(days):
        if len(run) > 3 and not run[0].working:
            cells.append(_many_off(run))
        else:
            cells += [_cell(one, start) for one in run]
    if cells and days[0].date.month != days[-1].date.month:
        cells[0] = replace(cells[0], number=f"{days[0].date.month}/{cells[0].number}")
        cells[-1] = replace(cells[-1], number=f"{days[-1].date.month}/{cells[-1].number}")
    if cells and days[-1].ordinal:
        last = cells[-1]
        cells[-1] = replace(last, css=f"{last.css} goal", note=f"{last.note} {pgettext('day strip', 'due')}")
    if len(cells) <= MOST_CELLS:
        return cells
    half = MOST_CELLS // 2 - 1
    return [*cells[:half], StripCell("", "…", "", "gap", ""), *cells[-half:]]


def _runs(days: Iterable[Explained]) -> list[list[Explained]]:
    """Neighbours of the same kind together; the first day and the make-up days stand alone."""
    runs: list[list[Explained]] = []
    kind = ""
    for one in days:
        before, kind = kind, _mark(one)
        if kind == before and kind in ("work", "rest"):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _mark(one: Explained) -> str:
    if one.ordinal == 0:
        return "from"
    if not one.working:
        return "rest"
    return "makeup" if one.reason is Reason.MAKEUP else "work"


def _why(one: Explained) -> str:
    return " · ".join(part for part in (wording.plain_day(one.date), one.reason.label, one.name, one.paper) if part)


def _many_off(run: Sequence[Explained]) -> StripCell:
    names = list(dict.fromkeys(one.name or one.reason.label for one in run))
    first, last = run[0].date, run[-1].date
    same = first.month == last.month
    return StripCell(
        top=ngettext("%(count)d day", "%(count)d days", len(run)) % {"count": len(run)},
        number=f"{first.day}–{last.day}" if same else f"{first.month}/{first.day}–{last.month}/{last.day}",
        note=pgettext("day strip", "off"),
        css="rest wide",
        reason=f"{wording.plain_day(first)} – {wording.plain_day(last)} · " + " · ".join(names),
    )


def _cell(one: Explained, start: str) -> StripCell:
    mark = _mark(one)
    words = {"from": start, "rest": pgettext("day strip", "off"), "makeup": pgettext("day strip", "extra")}
    count = wording.circled(one.ordinal) if one.ordinal else ""
    return StripCell(wording.weekday(one.date), str(one.date.day), words.get(mark, "") + count, mark, _why(one))


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag(takes_context=True)
def sort_header(context: Context, key: str, label: str, css: str = "") -> SafeString:
    """{% sort_header "due" _("Due") %}: a <th> whose link sorts by ?sort=, keeping the filters in the address.

    The view reads ?sort= from a dict of known keys; "-due" is the other way round. Going to page 1 is intended.
    """
    request = context.get("request")
    query = request.GET.copy() if request else None
    current = query.get("sort", "") if query is not None else ""
    state, shown, following = "none", "sort", key
    if current == key:
        state, shown, following = "ascending", "sort-up", f"-{key}"
    elif current == f"-{key}":
        state, shown, following = "descending", "sort-down", key
    address = "?sort=" + following
    if query is not None:
        query["sort"] = following
        query.pop("page", None)
        address = "?" + query.urlencode()
    return format_html(
        '<th scope="col" aria-sort="{}"{}><a class="sort" href="{}">{}{}</a></th>',
        state,
        format_html(' class="{}"', css) if css else "",
        address,
        label,
        icon(shown),
    )


@register.inclusion_tag("parts/_pager.html", takes_context=True)
def pager(context: Context, page: Any, total: int | None = None) -> dict[str, Any]:
    """{% pager page total=n %}: previous, next, position; total None: the page does not know its count."""
    has = (_of(page, "has_next"), _of(page, "has_previous"))
    moves = all(has) and any(can() for can in has)
    return {
        "page": page,
        "total": total,
        "counted": 1000 if total is None and moves else None,
        "sizes": context.get("sizes"),
        "request": context.get("request"),
    }


# ── Forms ───────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag
def hint_of(field: Any, choice: Any) -> SafeString | str:
    """The explanation of one choice of parts/_cards.html, from field.field.hints = {value: words}."""
    words = getattr(field.field, "hints", {}).get(str(choice.data["value"]))
    return format_html("<small>{}</small>", words) if words else ""


# ── For the browser's side ──────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=8)
def _words(_language: str | None) -> SafeString:
    words = {
        "left": _("%(span)s left"),
        "overdue": _("overdue by %(span)s"),
        "daysHours": _("%(days)d d %(hours)d h"),
        "day": ngettext("%(count)d day", "%(count)d days", 1),
        "days": ngettext("%(count)d day", "%(count)d days", 2),
        "hoursMinutes": _("%(hours)d h %(minutes)d min"),
        "hour": ngettext("%(count)d hour", "%(count)d hours", 1),
        "hours": ngettext("%(count)d hour", "%(count)d hours", 2),
        "minute": ngettext("%(count)d minute", "%(count)d minutes", 1),
        "minutes": ngettext("%(count)d minute", "%(count)d minutes", 2),
        "lastMoment": _("less than a minute left"),
        "justOverdue": _("overdue since just now"),
        "ask": _("Are you sure?"),
        "yes": _("Yes, go on"),
        "no": _("Cancel"),
        "close": _("Close"),
        "saving": _("Saving the draft …"),
        "saved": _("Draft saved %(time)s"),
        "unsaved": _("The draft could not be saved; what you typed is still here"),
        "copied": _("Copied"),
        "nothing": _("Nothing found"),
        "failed": _("That did not work. Check the connection and try again."),
        "tooLarge": _("%(name)s is larger than %(size)s"),
        "show": _("Show"),
        "hide": _("Hide"),
    }
    return json_script(words, "portal-words")


@register.simple_tag(takes_context=True)
def made_at(context: Context) -> str:
    """The moment of this page, so that a clock in the browser counts by the server's time."""
    return _now(context).isoformat(timespec="seconds")


@register.simple_tag
def browser_words() -> SafeString:
    """The words that static/js/portal.js says, as a JSON block (data, not a script: the CSP lets it pass)."""
    return _words(get_language())


@register.inclusion_tag("parts/_chart.html")
def chart(name: str, view: Any) -> dict[str, Any]:
    """{% chart "trend" view %}: a chart with its figures in a table under it.

    `view`: title, kind (line, bar, stack), labels [..], series [{name, data [..], tone?}], and where they apply
    unit ("%"), min, max, horizontal, links [..] (what each label's figures lead to, in the table).
    """
    labels, series = list(_of(view, "labels")), list(_of(view, "series"))
    data = {key: _of(view, key) for key in ("title", "kind", "unit", "min", "max", "horizontal")}
    data |= {"labels": [str(label) for label in labels], "series": series}
    links = list(_of(view, "links") or [""] * len(labels))
    rows = [(label, [_of(one, "data")[at] for one in series], links[at]) for at, label in enumerate(labels)]
    facts = {"rows": rows, "series": series, "title": data["title"], "unit": data["unit"] or ""}
    return facts | {"chart_id": f"chart-{name}", "data": data}
