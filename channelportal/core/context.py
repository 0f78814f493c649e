"""What the trail wants to know of the request in hand: set by the middleware, read by `audit.record`; empty in jobs."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestFacts:
    request_id: str = ""
    address: str = ""


facts: ContextVar[RequestFacts] = ContextVar("request_facts", default=RequestFacts())  # noqa: B039 (frozen)
