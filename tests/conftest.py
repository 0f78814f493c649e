"""What every test may count on. The cast everybody knows is in people.py, real servers and processes in services/."""

from __future__ import annotations

import importlib.util

import hypothesis
import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

pytest_plugins = ["tests.services.leaks", "tests.services.processes", "tests.services.mail", "tests.services.browser"]
if importlib.util.find_spec("tests.people"):
    pytest_plugins.append("tests.people")

THE_PRODUCTS_HASHERS = list(django_settings.PASSWORD_HASHERS)

# The first example of a database test pays for imports and caches: time says nothing here.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    """Leave out what only costs time: slow hashing, and hashed names of static files (which need collectstatic)."""
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *THE_PRODUCTS_HASHERS]
    django_settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    django_settings.WHITENOISE_AUTOREFRESH = True  # else every Client begins by looking through all static files: 40 ms


@pytest.fixture
def real_hashing(settings: Settings) -> None:
    """For tests that are about hashing: the hashers of the product instead of the quick one."""
    settings.PASSWORD_HASHERS = THE_PRODUCTS_HASHERS
