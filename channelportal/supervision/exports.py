"""The dashboard's figures as a workbook (S5)."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from channelportal.core import audit
from channelportal.supervision.dashboard import UnitRate

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(request: HttpRequest, board: dict[str, Any]) -> HttpResponse:
    """One sheet of units (this month beside last), one of the twelve weeks, one of who owes what now. The export is audited."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    _sheet(book, _("Units"), _unit_head(), [_unit_row(rate) for rate in [*board["departments"], *board["channels"]]])
    _sheet(book, _("Twelve weeks"), _week_head(), [_week_row(monday, figures) for monday, figures in board["weeks"]])
    _sheet(book, _("Now"), _owing_head(), [_owing_row(*row) for row in board["owing"]])
    book.close()
    audit.record("supervision.exported", by=request.user)
    response = HttpResponse(target.getvalue(), content_type=XLSX)
    name = f"supervision-{localtime(board['now']):%Y%m%d-%H%M}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _sheet(book: xlsxwriter.Workbook, name: str, head: list[str], rows: list[list[Any]]) -> None:
    sheet = book.add_worksheet(name[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    sheet.set_column(0, 0, 22)
    sheet.freeze_panes(1, 1)
    for number, row in enumerate([head, *rows]):
        for column, value in enumerate(row):
            if value is None:
                continue
            if number == 0:
                sheet.write_string(number, column, value, bold)
            else:
                sheet.write(number, column, value)


def _unit_head() -> list[str]:
    return [
        _("Unit"), _("Replies on time, %"), _("Last month, %"), _("Replies on time"), _("Replies late"), _("Promises kept"),
        _("Promises broken"), _("Satisfaction"), _("Filed"), _("Received"), _("Escalated"),
    ]  # fmt: skip


def _unit_row(rate: UnitRate) -> list[Any]:
    now, before = rate.now, rate.before
    return [
        rate.unit.name, _rounded(now.on_time), _rounded(before.on_time), now.replies_on_time, now.replies_late, now.promises_kept,
        now.promises_broken, _rounded(now.satisfaction), now.asked, now.received, now.escalated,
    ]  # fmt: skip


def _week_head() -> list[str]:
    return [
        _("Week from"),
        _("Replies on time, %"),
        _("Replies on time"),
        _("Replies late"),
        _("Received"),
        _("Escalated"),
    ]


def _week_row(monday: Any, figures: Any) -> list[Any]:
    return [
        monday.isoformat(), _rounded(figures.on_time), figures.replies_on_time, figures.replies_late, figures.received,
        figures.escalated,
    ]  # fmt: skip


def _owing_head() -> list[str]:
    return [_("Unit"), _("Open"), _("Due today"), _("Late now"), _("Escalated to superiors")]


def _owing_row(unit: Any, standing: Any) -> list[Any]:
    return [unit.name, standing.open, standing.today, standing.late, standing.escalated]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
