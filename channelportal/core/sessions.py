"""Sessions in the database. A new one is written once, where Django looks whether its key is taken, inserts an empty row, and
updates that at the end of the request."""

from __future__ import annotations

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils.crypto import get_random_string


class SessionStore(DatabaseStore):
    """A new session has its key at once, and its row when it is saved: by the middleware, at the end of the request."""

    _unwritten = False

    def create(self) -> None:
        # not looked up: of 36³² keys none is met twice, and the insert would say so
        self._session_key = get_random_string(32, VALID_KEY_CHARS)
        if not hasattr(self, "_session_cache"):
            self._session_cache: dict[str, object] = {}
        self._unwritten = self.modified = True

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
        super().save(must_create=must_create or self._unwritten)
        self._unwritten = False
