"""What readers and those who watch over the reading enter."""

from __future__ import annotations

from django import forms


class AcknowledgeForm(forms.Form):
    """The version that stood on the page; none: the present one."""

    version = forms.IntegerField(required=False, min_value=1, max_value=2**15 - 1)


class RemindForm(forms.Form):
    """One unit, or none: all of them."""

    unit = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
