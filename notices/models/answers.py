"""A reader's question becomes a ticket to the author's unit; its answer can stand under the notice (001 三(一)1, 四(四))."""

from __future__ import annotations

from django.db import models

from accounts.models import User
from notices.models.notice import Notice


class Answer(models.Model):
    """A question and its answer, published under the notice. The ticket is named by number only: the apps never meet."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="answers")
    ticket_id = models.BigIntegerField(null=True)  # of feedback; null: a question not asked as a ticket
    ticket_number = models.CharField(max_length=20, blank=True)
    question = models.TextField()
    answer = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)  # null: stands

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["notice", "ticket_id"], name="answer_once")]

    def __str__(self) -> str:
        return self.question[:40]
