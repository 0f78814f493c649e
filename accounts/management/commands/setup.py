"""manage.py setup: an empty installation gets 企发部 with its first head, 总裁办, and the three administrators.

Asks for what the arguments do not say. The one-time passwords are shown once, here. A second time it refuses; a missing
administrator is named later by `--administrator`.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import OneTimePassword, Unit, UnitFunction, User
from accounts.workflow import passwords, people, units
from channelportal.core.clock import now
from channelportal.core.errors import Invalid
from channelportal.lib.text import clean_line

Function = UnitFunction.Function
# argument → who it is
PERSONS: Final = {
    "head": _("first head of the supervising department"),
    "system": _("system administrator"),
    "security": _("security administrator"),
    "audit": _("audit administrator"),
}


class Command(BaseCommand):
    help = "Prepares an empty installation: 企发部, its first head, 总裁办, the three administrators. Refuses a second time."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, who in PERSONS.items():
            parser.add_argument(f"--{name}-name", default="", help=f"name of the {who}")
            parser.add_argument(f"--{name}-email", default="", help=f"e-mail address of the {who}")
        parser.add_argument("--supervising", default="企发部", help="name of the supervising department")
        parser.add_argument("--management", default="总裁办", help="name of the unit of company management")
        parser.add_argument(
            "--administrator", choices=["system", "security", "audit"], help="only name this one, later"
        )
        parser.add_argument("--no-input", action="store_true", help="ask nothing; what is missing is an error")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["administrator"]:
            self._one_administrator(options)
            return
        if Unit.objects.exists() or User.objects.exists():
            raise CommandError(_("This installation has units or people already: nothing was changed."))
        persons = {name: self._person(name, options) for name in PERSONS}
        self._check(persons)
        with transaction.atomic():
            made = self._build(persons, options)
        self._show(made)

    def _one_administrator(self, options: dict[str, Any]) -> None:
        role = options["administrator"]
        name, email = self._person(role, options)
        try:
            with transaction.atomic():
                made = [self._issued(people.add_administrator(name=name, email=email, admin_role=role, by=None))]
        except Invalid as error:
            raise CommandError(str(error.message)) from error
        self._show(made)

    def _person(self, name: str, options: dict[str, Any]) -> tuple[str, str]:
        return self._ask(name, "name", options), self._ask(name, "email", options)

    def _ask(self, name: str, what: str, options: dict[str, Any]) -> str:
        value = clean_line(options[f"{name}_{what}"])
        if not value and not options["no_input"] and sys.stdin.isatty():
            value = clean_line(input(f"{PERSONS[name]}, {_('name') if what == 'name' else _('e-mail')}: "))
        if not value:
            raise CommandError(_("Missing: --%(name)s-%(what)s") % {"name": name, "what": what})
        return value

    def _check(self, persons: dict[str, tuple[str, str]]) -> None:
        for _name, email in persons.values():
            try:
                validate_email(email)
            except ValidationError:
                raise CommandError(_("“%(text)s” is no e-mail address.") % {"text": email}) from None
        for place, one in enumerate(("name", "e-mail")):
            if len({person[place].lower() for person in persons.values()}) < len(persons):
                raise CommandError(_("Each must be another person: one %(what)s stands twice.") % {"what": one})

    def _build(self, persons: dict[str, tuple[str, str]], options: dict[str, Any]) -> list[tuple[User, str]]:
        at = now()
        management = units.create(
            code="ZCB", name=options["management"], kind=Unit.Kind.HQ, functions=[Function.MANAGEMENT], by=None, at=at
        )
        supervising = units.create(
            code="QFB",
            name=options["supervising"],
            kind=Unit.Kind.HQ,
            parent=management,
            functions=[Function.SUPERVISING, Function.REGISTRAR_HQ],
            by=None,
            at=at,
        )
        name, email = persons["head"]
        made = [people.add(name=name, email=email, unit=supervising, role=User.Role.HEAD, by=None, at=at)]
        for role in ("system", "security", "audit"):
            name, email = persons[role]
            made.append(people.add_administrator(name=name, email=email, admin_role=role, by=None, at=at))
        return [self._issued(user) for user in made]

    def _issued(self, user: User) -> tuple[User, str]:
        return user, passwords.issue(user, by=None, means=OneTimePassword.Means.PAPER).shown

    def _show(self, made: list[tuple[User, str]]) -> None:
        self.stdout.write(_("One-time passwords, shown only now:"))
        for user, shown in made:
            part = user.get_admin_role_display() if user.admin_role else f"{user.unit} {user.get_role_display()}"
            self.stdout.write(f"  {part:<24} {user.username:<20} {shown}")
        self.stdout.write(_("Each signs in with it once and sets a password of his own. Then: manage.py doctor"))
