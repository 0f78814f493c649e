"""Addresses of units, people, officers and the import of both. One per verb."""

from __future__ import annotations

from django.urls import path

from accounts.views import importing, officers, people, units

urlpatterns = [
    path("units/", units.units, name="units"),
    path("units/new/", units.unit_new, name="unit-new"),
    path("units/<int:pk>/", units.unit, name="unit"),
    path("units/<int:pk>/edit/", units.unit_edit, name="unit-edit"),
    path("units/<int:pk>/place/", units.unit_place, name="unit-place"),
    path("units/<int:pk>/functions/", units.unit_functions, name="unit-functions"),
    path("units/<int:pk>/approval/", units.unit_approval, name="unit-approval"),
    path("units/<int:pk>/close/", units.unit_close, name="unit-close"),
    path("units/<int:pk>/reopen/", units.unit_reopen, name="unit-reopen"),
    path("units/<int:pk>/absence/", units.absence_new, name="absence-new"),
    path("absences/<int:pk>/end/", units.absence_end, name="absence-end"),
    path("units/import/", importing.import_new, name="organisation-import"),
    path("units/import/template/", importing.import_template, name="organisation-template"),
    path("units/import/<uuid:pk>/", importing.import_preview, name="organisation-preview"),
    path("units/import/<uuid:pk>/apply/", importing.import_apply, name="organisation-apply"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/slips/", people.slips, name="people-slips"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/edit/", people.person_edit, name="person-edit"),
    path("people/<int:pk>/role/", people.person_role, name="person-role"),
    path("people/<int:pk>/transfer/", people.person_transfer, name="person-transfer"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person-reactivate"),
    path("people/<int:pk>/unlock/", people.person_unlock, name="person-unlock"),
    path("people/<int:pk>/sessions/", people.person_sessions, name="person-sessions"),
    path("officers/", officers.officers, name="officers"),
]
