"""The demo's own way to keep passwords: quick, known to the demo's settings alone, so that none works outside it."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class DemoHasher(PBKDF2PasswordHasher):
    """First in `PASSWORD_HASHERS` while `DEMO` is on: passwords changed in the demo are of this kind too."""

    algorithm = "demo"
    iterations = 1000
