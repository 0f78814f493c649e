"""A real SMTP server that keeps what it is sent, and can be as unkind as real ones are."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from scripts.children import free_port
from tests.services.processes import eventually


@dataclass(frozen=True)
class Received:
    """A message as it came in: the envelope's addresses, which need not be the header's."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain", "html"))
        return str(part.get_content()) if part else ""


class MailServer:
    """`received` is what was accepted. `delay`, `late`: seconds before and after; `refuse` an address; `stop`, `start`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.received: list[Received] = []
        self.refused: set[str] = set()
        self.delay = 0.0
        self.late = 0.0  # taken at once, but said so when nobody may listen any more
        self._controller: Controller | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def refuse(self, address: str) -> None:
        """That mailbox does not exist (550), from now on."""
        self.refused.add(address)

    def to(self, address: str) -> list[Received]:
        return [mail for mail in self.received if address in mail.recipients]

    def wait_for(self, count: int, within: float = 15) -> list[Received]:
        """The messages, once there are `count` of them."""
        eventually(
            lambda: len(self.received) >= count,
            within=within,
            otherwise=lambda: f"{len(self.received)} of {count} came",
        )
        return self.received

    # What aiosmtpd calls, in its own thread:

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.delay)
        parsed = email.message_from_bytes(cast(bytes, envelope.content), policy=email.policy.default)
        self.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), parsed))
        await asyncio.sleep(self.late)
        return "250 OK"


@pytest.fixture
def smtp(settings: Settings) -> Iterator[MailServer]:
    """A mail server for this process and for every worker the test starts after it."""
    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield server
    server.stop()
