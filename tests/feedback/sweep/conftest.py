"""The same company and tickets as the workflow's tests."""

from tests.feedback.workflow.conftest import filed, fresh_copies, kind, ticket

__all__ = ["filed", "fresh_copies", "kind", "ticket"]
