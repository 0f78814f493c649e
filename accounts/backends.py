"""Sign-in: account name, e-mail or phone, with the password or an issued one."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend


class PortalBackend(ModelBackend):
    pass
