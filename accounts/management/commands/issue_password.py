"""manage.py issue_password ACCOUNT: the last door, for the operator of the machine, when nobody can issue one by a page."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.models import OneTimePassword
from accounts.workflow import passwords
from channelportal.core.errors import WrongState


class Command(BaseCommand):
    help = "Issues a one-time password for an account, shown once here; thaws it if it is frozen."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="account name or e-mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = passwords.find(options["account"])
        if user is None:
            raise CommandError(_("There is no account %(account)s.") % {"account": options["account"]})
        try:
            issued = passwords.issue(user, by=None, means=OneTimePassword.Means.PAPER)
        except WrongState as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.username}  {issued.shown}")
