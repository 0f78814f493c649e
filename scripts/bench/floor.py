"""The floor: views of a site that does the least possible for each operation (its settings: floor_settings.py).

The same database, session and person; raw SQL, a bare template, no right asked, no form, no audit, no message. What the
portal does is judged beside it, because absolute figures of one machine say nothing on another.
"""

# ruff: noqa: E501, S101, S608 (SQL reads best whole; its parts are constants; who asks is known)
from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, Engine
from django.urls import path

_engine = Engine()
_list = _engine.from_string(
    "<html><body><table>{% for id, number, title, state, kind, asker, responsible, filed, due in rows %}"
    '<tr><td><a href="/tickets/{{ id }}/">{{ title }}</a> {{ number }} {{ kind }}</td><td>{{ asker }} → {{ responsible }}</td>'
    '<td>{{ state }}</td><td>{{ filed|date:"Y-m-d H:i" }}</td><td>{{ due|date:"Y-m-d H:i" }}</td></tr>{% endfor %}</table>'
    "{{ total }}</body></html>"
)
_page = _engine.from_string(
    "<html><body><h1>{{ ticket.2 }}</h1>{{ ticket.1 }} {{ ticket.3 }} {{ ticket.5 }} → {{ ticket.6 }}"
    "{% for at, kind, name, text in entries %}<p>{{ at|date:'Y-m-d H:i' }} {{ kind }} {{ name }} {{ text }}</p>{% endfor %}"
    "</body></html>"
)
_figures = _engine.from_string(
    "<html><body>{{ now }}<table>{% for row in units %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}"
    "</table>{% for row in rows %}<p>{{ row.1 }} {{ row.2 }} {{ row.5 }}</p>{% endfor %}</body></html>"
)
_empty = _engine.from_string("<html><body>{{ name }}</body></html>")

ROWS = """SELECT t.id, t.number, t.title, t.state, k.name_zh, a.name, r.name, t.created_at, t.due_at FROM feedback_ticket t
JOIN feedback_ticketkind k ON k.id = t.kind_id JOIN accounts_unit a ON a.id = t.asker_id
JOIN accounts_unit r ON r.id = t.responsible_id """
UNIT = "WHERE t.responsible_id = %s "


def _fetch(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall()) if cursor.description else []


def _say(template: Any, **context: Any) -> HttpResponse:
    return HttpResponse(template.render(Context(context)))


def _user(request: HttpRequest) -> Any:
    return request.user


def tickets(request: HttpRequest) -> HttpResponse:
    """Twenty-five open ones, newest first, and how many there are, up to a thousand."""
    where, values = UNIT + "AND t.state = 'open' ", [_user(request).unit_id]
    if request.GET.get("all"):
        where, values = "WHERE t.state = 'open' ", []
    rows = _fetch(f"{ROWS}{where}ORDER BY t.created_at DESC, t.id DESC LIMIT 26", *values)
    total = _fetch(f"SELECT count(*) FROM (SELECT 1 FROM feedback_ticket t {where}LIMIT 1001) few", *values)
    return _say(_list, rows=rows, total=total[0][0])


def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    assert _user(request).is_authenticated
    found = _fetch(f"{ROWS}WHERE t.id = %s", pk)
    entries = _fetch(
        "SELECT e.at, e.kind, u.name, e.text FROM feedback_entry e LEFT JOIN accounts_user u ON u.id = e.by_id "
        "WHERE e.ticket_id = %s ORDER BY e.at, e.id",
        pk,
    )
    return _say(_page, ticket=found[0], entries=entries)


FILE = """INSERT INTO feedback_ticket SELECT (jsonb_populate_record(t, jsonb_build_object('id', nextval(
pg_get_serial_sequence('feedback_ticket', 'id')), 'number', %s::text, 'title', %s::text, 'body', %s::text))).*
FROM feedback_ticket t WHERE id = %s RETURNING id, responsible_id"""
OWE = """INSERT INTO feedback_obligation (ticket_id, kind, round, unit_id, anchor, days, due_at, due_version, provisional,
late_entry, created_at, void_reason, breach, extended, first_due_at, next_step_at, held)
VALUES (%s, 'reply', 9, %s, current_date, 1, now(), 1, false, false, now(), '', 0, 0, now(), NULL, false)"""
ENTER = """INSERT INTO feedback_entry (ticket_id, round, at, kind, by_id, unit_id, text, data, side)
VALUES (%s, 1, now(), %s, %s, %s, %s, '{}', 'all')"""


def file(request: HttpRequest) -> HttpResponse:
    """A ticket, what is owed on it, and its first line: three statements, one commit."""
    user, form = _user(request), request.POST
    with transaction.atomic():
        [(pk, unit)] = _fetch(FILE, f"F{uuid.uuid4().hex[:18]}", form["title"], form["body"], form["like"])
        _fetch(OWE, pk, unit)
        _fetch(ENTER, pk, "filed", user.pk, user.unit_id, form["body"])
    return HttpResponseRedirect(f"/tickets/{pk}/")


def reply(request: HttpRequest, pk: int) -> HttpResponse:
    user = _user(request)
    with transaction.atomic():
        _fetch(
            "UPDATE feedback_ticket SET state = 'resolved', answered_at = now(), touched_at = now() WHERE id = %s", pk
        )
        _fetch(
            "UPDATE feedback_obligation SET met_at = now(), next_step_at = NULL WHERE ticket_id = %s AND kind = 'reply' AND met_at IS NULL AND voided_at IS NULL",
            pk,
        )
        _fetch(ENTER, pk, "resolution", user.pk, user.unit_id, request.POST["text"])
    return HttpResponseRedirect(f"/tickets/{pk}/")


def desk(request: HttpRequest) -> HttpResponse:
    rows = _fetch(
        f"{ROWS}{UNIT}AND t.state IN ('open', 'planned') ORDER BY t.due_at, t.id LIMIT 50", _user(request).unit_id
    )
    return _say(_list, rows=rows, total=len(rows))


def dashboard(request: HttpRequest) -> HttpResponse:
    """Counts of what is late, the units' month out of the counters, the worst ten."""
    assert _user(request).is_authenticated
    late = _fetch("SELECT count(*) FROM feedback_ticket WHERE state IN ('open', 'planned') AND due_at < now()")
    units = _fetch(
        "SELECT u.name, sum(y.received), sum(y.replies_on_time), sum(y.replies_late) FROM feedback_tally y "
        "JOIN accounts_unit u ON u.id = y.unit_id WHERE y.day >= current_date - 60 GROUP BY u.name"
    )
    rows = _fetch(
        f"{ROWS}WHERE t.state IN ('open', 'planned') AND t.due_at < now() ORDER BY t.level DESC, t.due_at LIMIT 10"
    )
    return _say(_figures, now=late[0][0], units=units, rows=rows)


def search(request: HttpRequest) -> HttpResponse:
    """The newest thirty whose text has the two characters, of the person's unit."""
    rows = _fetch(
        f"{ROWS}JOIN core_searchdocument d ON d.kind = 'ticket' AND d.object_id = t.id {UNIT}"
        "AND array_to_tsvector(string_to_array(d.grams, ' ')) @@ %s::tsquery ORDER BY t.created_at DESC LIMIT 30",
        _user(request).unit_id,
        f"'{request.GET['q']}'",
    )
    return _say(_list, rows=rows, total=len(rows))


def bell(request: HttpRequest) -> HttpResponse:
    unread = _fetch("SELECT count(*) FROM core_alert WHERE user_id = %s AND read_at IS NULL", _user(request).pk)
    return _say(_empty, name=unread[0][0])


def empty(request: HttpRequest) -> HttpResponse:
    return _say(_empty, name=_user(request).name)


urlpatterns = [
    path("tickets/", tickets),
    path("tickets/new/", file),
    path("tickets/<int:pk>/", ticket),
    path("tickets/<int:pk>/reply/", reply),
    path("", desk),
    path("supervision/", dashboard),
    path("search/", search),
    path("alerts/bell/", bell),
    path("empty/", empty),
    path("healthz", lambda request: HttpResponse("ok")),
]
