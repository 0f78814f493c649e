"""Fixtures of the browser tests: see company.py and channels.py."""

from __future__ import annotations

from tests.browser.channels import kinds, makers, window_of
from tests.browser.company import company

__all__ = ["company", "kinds", "makers", "window_of"]
