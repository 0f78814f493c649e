"""The text field with a toolbar: a plain <textarea> that static/js/editor.js turns into an editor.

Without a script it stays a text field that takes text (a blank line begins a paragraph). The editor's engine (ProseMirror by
Tiptap) is the one that django-prose-editor ships; its address is handed over in an attribute, so that the page needs no
import map, which the content security policy would refuse.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django import forms
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

_BETWEEN: Final = re.compile(r"(</(?:p|h[2-4]|ul|ol|li|blockquote|table|thead|tbody|tr)>|<hr>)(?=<)")


class RichTextarea(forms.Textarea):
    """`attrs={"data-picture-url": reverse("…")}` adds the picture button; see docs/parts.md for what that address answers."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 12} | (attrs or {}))

    def use_required_attribute(self, initial: Any) -> bool:
        return False  # the browser cannot point at a field that the editor hides; the server says it

    def format_value(self, value: Any) -> str | None:
        shown = super().format_value(value)
        return shown and _BETWEEN.sub(r"\1\n", shown)  # readable where there is no editor

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-editor": static("js/editor.js"),
            "data-editor-engine": static("django_prose_editor/editor.js"),
            "data-editor-icons": static("icons.svg"),
            "data-editor-words": json.dumps(editor_words(), ensure_ascii=False),
        }
        return context

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> Any:
        field = super().render(name, value, attrs, renderer)
        return format_html(
            '{}<p class="form-text editor-plain">{}</p>',
            field,
            _(
                "Write plain text; a blank line begins a new paragraph. Formatting of an existing text is shown as signs in "
                "angle brackets: leave them as they are."
            ),
        )


def editor_words() -> dict[str, str]:
    """What static/js/editor.js says, in the reader's language."""
    return {
        "toolbar": _("Formatting"),
        "leave": _("Esc, then Tab leaves the text; Alt+F10 leads to the toolbar."),
        "style": _("Paragraph style"),
        "text": pgettext("paragraph style", "Text"),
        "heading2": _("Heading 1"),
        "heading3": _("Heading 2"),
        "heading4": _("Heading 3"),
        "bold": _("Bold"),
        "italic": _("Italic"),
        "underline": _("Underline"),
        "strike": _("Struck through"),
        "bullets": _("Bulleted list"),
        "numbers": _("Numbered list"),
        "indent": _("Item one level in"),
        "outdent": _("Item one level out"),
        "quote": _("Quotation"),
        "rule": _("Dividing line"),
        "link": pgettext("editor", "Link"),
        "unlink": _("Remove the link"),
        "table": pgettext("editor", "Table"),
        "picture": pgettext("editor", "Picture"),
        "undo": pgettext("editor", "Undo"),
        "redo": pgettext("editor", "Redo"),
        "clear": _("Remove formatting"),
        "inTable": _("In this table:"),
        "rowBelow": _("Add a row"),
        "columnRight": _("Add a column"),
        "dropRow": _("Delete the row"),
        "dropColumn": _("Delete the column"),
        "headRow": _("Heading row"),
        "merge": _("Join or split cells"),
        "dropTable": _("Delete the table"),
        "atPicture": _("This picture:"),
        "describe": _("Describe the picture"),
        "dropPicture": _("Remove the picture"),
        "linkTitle": _("Address of the link"),
        "linkHint": _("For example https://… or a page of this portal, /notices/12/"),
        "linkText": _("Words shown"),
        "linkBad": _("This is no address of a web page or a mailbox."),
        "tableTitle": _("New table"),
        "rows": _("Rows"),
        "columns": _("Columns"),
        "withHead": _("The first row is a heading"),
        "pictureTitle": _("What is to be seen in the picture?"),
        "pictureHint": _("Read to those who do not see it, and shown where it cannot be loaded."),
        "ok": _("OK"),
        "cancel": _("Cancel"),
        "sending": _("Sending the picture “%(name)s” … %(percent)s%%"),
        "sent": _("The picture “%(name)s” is in the text."),
        "sendFailed": _("The picture “%(name)s” could not be sent. Check the connection and try again."),
        "waitPictures": _("A picture is still being sent. Please wait a moment."),
        "noPicture": _("“%(name)s” is no picture. Add it as a file."),
        "picturesLeft": _("Pictures in what you pasted were left out. Add them with the picture button."),
    }
