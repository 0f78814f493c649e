"""What every installation needs from the first day: the published calendar years, an insert-only audit trail, the search index."""

from __future__ import annotations

from typing import Any

from django.db import migrations

AUDIT_PG = """
CREATE FUNCTION core_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is only ever inserted (%)', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER auditentry_insert_only BEFORE UPDATE OR DELETE ON core_auditentry FOR EACH ROW EXECUTE FUNCTION core_insert_only();
CREATE TRIGGER auditseal_insert_only BEFORE UPDATE OR DELETE ON core_auditseal FOR EACH ROW EXECUTE FUNCTION core_insert_only();
"""
AUDIT_PG_BACK = """
DROP TRIGGER auditentry_insert_only ON core_auditentry;
DROP TRIGGER auditseal_insert_only ON core_auditseal;
DROP FUNCTION core_insert_only();
"""
# array_to_tsvector: the grams are the words already; no parser may cut them differently in another locale
SEARCH_PG = "CREATE INDEX search_grams ON core_searchdocument USING gin (array_to_tsvector(string_to_array(grams, ' ')));"
SEARCH_PG_BACK = "DROP INDEX search_grams;"
# an index without its own copy of the text, kept in step by triggers
SEARCH_SQLITE = (
    "CREATE VIRTUAL TABLE core_search USING fts5(grams, content='core_searchdocument', content_rowid='id',"
    " tokenize='unicode61 remove_diacritics 0', detail=none)",
    """CREATE TRIGGER core_search_insert AFTER INSERT ON core_searchdocument BEGIN
         INSERT INTO core_search(rowid, grams) VALUES (new.id, new.grams); END""",
    """CREATE TRIGGER core_search_delete AFTER DELETE ON core_searchdocument BEGIN
         INSERT INTO core_search(core_search, rowid, grams) VALUES ('delete', old.id, old.grams); END""",
    """CREATE TRIGGER core_search_update AFTER UPDATE ON core_searchdocument BEGIN
         INSERT INTO core_search(core_search, rowid, grams) VALUES ('delete', old.id, old.grams);
         INSERT INTO core_search(rowid, grams) VALUES (new.id, new.grams); END""",
)
SEARCH_SQLITE_BACK = (
    "DROP TRIGGER core_search_insert",
    "DROP TRIGGER core_search_delete",
    "DROP TRIGGER core_search_update",
    "DROP TABLE core_search",
)


def _run(statements: dict[str, tuple[str, ...]]) -> Any:
    def run(apps: Any, editor: Any) -> None:
        for statement in statements.get(editor.connection.vendor, ()):
            editor.execute(statement, params=None)

    return run


def ship_calendar(apps: Any, editor: Any) -> None:
    from channelportal.core.calendar import ship

    ship(versions=apps.get_model("core", "CalendarVersion"), days=apps.get_model("core", "CalendarDay"))


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunPython(
            _run({"postgresql": (AUDIT_PG, SEARCH_PG), "sqlite": SEARCH_SQLITE}),
            _run({"postgresql": (AUDIT_PG_BACK, SEARCH_PG_BACK), "sqlite": SEARCH_SQLITE_BACK}),
        ),
        migrations.RunPython(ship_calendar, migrations.RunPython.noop),
    ]
