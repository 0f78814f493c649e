"""make messages: takes every text of code and templates into the Chinese catalogue, compiles it, and says what is untranslated.

Needs gettext's xgettext for the extraction; the compiled file is committed, so nobody else needs anything.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polib  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "channelportal" / "locale" / "zh_Hans" / "LC_MESSAGES"
LEFT_OUT = (".venv", "var", "static", "staticfiles", "tests", "scripts")
TRANSIENT = ("POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team", "Report-Msgid-Bugs-To")


def main() -> int:
    """Exit code 1 while anything is untranslated."""
    options = ["--no-wrap", "--no-location", "--no-obsolete", *(word for name in LEFT_OUT for word in ("-i", name))]
    subprocess.run([sys.executable, "manage.py", "makemessages", "-l", "zh_Hans", *options], cwd=ROOT, check=True)
    catalogue = polib.pofile(str(FOLDER / "django.po"), wrapwidth=0)
    for entry in catalogue.fuzzy_entries():  # a guess of gettext's is no translation
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        entry.msgstr, entry.msgstr_plural = "", dict.fromkeys(entry.msgstr_plural, "")
        entry.previous_msgid = entry.previous_msgctxt = entry.previous_msgid_plural = None
    catalogue.metadata_is_fuzzy = False
    for name in TRANSIENT:
        catalogue.metadata.pop(name, None)
    catalogue.save()
    catalogue.save_as_mofile(str(FOLDER / "django.mo"))
    missing = catalogue.untranslated_entries()
    for entry in missing:
        print(entry.msgid)
    print(f"{len(catalogue)} messages, {len(missing)} untranslated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
