"""Form fields for text and files, to be used in every form: what comes out is clean, or the person is told what is wrong."""

from __future__ import annotations

from typing import IO, Any, Final, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import MaxLengthValidator
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from channelportal.core.editor import RichTextarea
from channelportal.lib import rich, text, uploads

# What a package in the house translates badly: our catalogue goes before all others, if it has the sentence.
OWN_WORDS: Final = (_("This field is required."),)


class LineField(forms.CharField):
    """One line, normalised (`lib.text.clean_line`); a required one is not empty after that."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(text.clean_line(value) if isinstance(value, str) else value)


class TextField(forms.CharField):
    """Several lines, normalised (`lib.text.clean_text`), 10,000 characters unless told otherwise."""

    widget = forms.Textarea(attrs={"rows": 5})

    def __init__(self, *, max_length: int = 10_000, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_python(self, value: Any) -> Any:
        return super().to_python(text.clean_text(value) if isinstance(value, str) else value)


class RichTextField(forms.CharField):
    """Formatted text: cleans to the HTML of `lib.rich.clean`, "" if nothing is seen of it; shown by `{{ body|rich }}`.

    `max_length` counts the plain text, 20,000 characters unless told otherwise. What was typed stays in the field on an error.
    """

    widget = RichTextarea

    def __init__(self, *, max_length: int = 20_000, **options: Any) -> None:
        super().__init__(strip=False, **options)
        self.longest = max_length

    def to_python(self, value: Any) -> str:
        raw = str(super().to_python(value) or "")
        if rich.too_long(raw):
            raise ValidationError(_("This is too much for one text. Shorten it, or attach it as a file."), code="long")
        return "" if rich.is_empty(raw) else rich.clean(raw)

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        MaxLengthValidator(self.longest)(rich.plain(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return rich.clean(str(initial or "")) != rich.clean(str(data or ""))


MOST_FILES: Final = 10
REFUSALS: Final = {
    "empty": _("“%(name)s” is empty."),
    "large": _("“%(name)s” is larger than %(most)s."),
    "type": _("Files like “%(name)s” are not accepted. Accepted are: %(endings)s."),
    "content": _("The content of “%(name)s” does not match its ending."),
    "packed": _("“%(name)s” unpacks to too much, or holds unsafe paths."),
    "pixels": _("The picture “%(name)s” has too many pixels."),
    "macros": _("“%(name)s” contains macros. Save it without them."),
    "damaged": _("“%(name)s” is damaged and cannot be read."),
}


def refusal(unfit: uploads.Unfit) -> ValidationError:
    """What a person reads when a file is refused."""
    words = {
        "name": unfit.name,
        "most": filesizeformat(settings.UPLOAD_MAX_BYTES),
        "endings": ", ".join(uploads.ENDINGS),
    }
    return ValidationError(REFUSALS[unfit.code], code=unfit.code, params=words)


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class MultiFileField(forms.FileField):
    """Up to ten files of the allowed kinds; cleans to a list of uploads for `core.files.keep`, empty when none was chosen."""

    def __init__(self, *, most: int = MOST_FILES, **options: Any) -> None:
        accept = ",".join(f".{ending}" for ending in uploads.ENDINGS)
        options.setdefault("widget", FilesInput(attrs={"multiple": True, "accept": accept}))
        options.setdefault("required", False)
        self.most = most
        super().__init__(**options)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        chosen = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if self.required and not chosen:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(chosen) > self.most:
            raise ValidationError(_("At most %(most)d files at once."), code="many", params={"most": self.most})
        problems = [problem for one in chosen if (problem := _problem(one))]
        if problems:
            raise ValidationError(problems)
        return chosen


def _problem(upload: UploadedFile[Any]) -> ValidationError | None:
    try:
        uploads.check(upload.name or "", upload.size or 0, cast(IO[bytes], upload.file), settings.UPLOAD_MAX_BYTES)
    except uploads.Unfit as unfit:
        return refusal(unfit)
    return None
