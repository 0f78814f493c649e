"""What the tests of faults begin with."""

from tests.services.backlog import company

__all__ = ["company"]
