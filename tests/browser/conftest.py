"""Fixtures of the browser tests: see company.py."""

from __future__ import annotations

from tests.browser.company import company

__all__ = ["company"]
