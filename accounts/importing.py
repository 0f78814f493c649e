"""Units and people from an .xlsx: read, compare with what is there, and only then, when all of it is right, carried out.

    table = read(stream)                  # rows of both sheets as text, or `Unreadable`
    plan = compare(table)                 # new, changed (old → new), the same; problems row by row with their remedy
    carry_out(plan, by=user, at=at)       # all or nothing; the same file a second time changes nothing

A unit is known by its code, a person by the account or, where the file names none, by the e-mail address. Units and people
that the file does not name stay as they are.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any, Final

import openpyxl
import xlsxwriter
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Refused, may
from accounts.models import Unit, UnitFunction, User
from accounts.workflow import people as people_verbs
from accounts.workflow import units as unit_verbs
from channelportal.core import audit, files, jobs
from channelportal.core.errors import Invalid, WrongState
from channelportal.core.models import Job, StoredFile
from channelportal.lib.text import clean_line

UNITS: Final = "单位"
PEOPLE: Final = "人员"
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 40
LONGEST: Final = timedelta(minutes=30)  # of the job: another worker takes it over after that
Function = UnitFunction.Function


@dataclass(frozen=True)
class Field:
    """A column: its head in the file, the value's name, what it may hold."""

    head: str
    name: str
    required: bool = False
    longest: int = 60
    choices: dict[str, str] = field(default_factory=dict)  # as written in the file → code
    width: int = 16
    hint: Any = ""


KINDS: Final = {
    "总部部门": "hq",
    "分公司": "branch",
    "代理商": "agent",
    "经销商": "dealer",
    "电商平台": "platform",
    "线下门店": "store",
}
ROLES: Final = {"负责人": "head", "副职": "deputy", "信息员": "officer", "员工": "member"}
FUNCTIONS: Final = {
    "归口管理": "supervising",
    "审核渠道人员": "registrar_channels",
    "审核总部人员": "registrar_hq",
    "渠道管理": "channel_management",
    "人事": "personnel",
    "法务": "legal",
    "财务": "finance",
    "公司管理者": "management",
}
YES_NO: Final = {"是": "1", "否": ""}
UNIT_FIELDS: Final = (
    Field(
        "编码", "code", True, 20, width=12, hint=gettext_lazy("Never changes: by it the portal knows the unit again.")
    ),
    Field("名称", "name", True, 60, width=24),
    Field("类型", "kind", True, choices=KINDS),
    Field("上级单位", "parent", hint=gettext_lazy("Code or name; empty: the top.")),
    Field(
        "主管部门",
        "manager",
        hint=gettext_lazy("Code or name; for channels only, and required there: it reviews the channel's people."),
    ),
    Field(
        "职能",
        "functions",
        longest=120,
        width=24,
        hint=gettext_lazy("For headquarters; several with “、” between them."),
    ),
    Field("区域", "region", longest=30),
    Field(
        "负责事项",
        "handles",
        longest=300,
        width=40,
        hint=gettext_lazy("Shown to who files a ticket, beside “to whom”."),
    ),
    Field("电话", "phone", longest=30),
    Field("地址", "address", longest=120, width=30),
)
PEOPLE_FIELDS: Final = (
    Field("姓名", "name", True, 40),
    Field("单位", "unit", True, hint=gettext_lazy("Code or name, of the other sheet or already in the portal.")),
    Field("角色", "role", True, choices=ROLES),
    Field(
        "邮箱",
        "email",
        True,
        254,
        width=28,
        hint=gettext_lazy("Everybody's own: reminders and issued passwords go there."),
    ),
    Field("手机", "phone", longest=30),
    Field("职务", "position", longest=40),
    Field(
        "账号",
        "username",
        longest=60,
        hint=gettext_lazy("Empty: made from the name. Where it is given, the person is known again by it."),
    ),
    Field("专职信息员", "officer_full_time", choices=YES_NO),
)
SHEETS: Final = {UNITS: UNIT_FIELDS, PEOPLE: PEOPLE_FIELDS}
HEADS: Final = {field.name: field.head for fields in (PEOPLE_FIELDS, UNIT_FIELDS) for field in fields}


class Unreadable(Exception):
    """The file is no workbook of ours; the message says why and what to do."""


@dataclass(frozen=True)
class Row:
    """A line of a sheet as text by the field's name; `number` as Excel counts."""

    sheet: str
    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a cell, and what to do."""

    sheet: str
    row: int
    column: str
    message: str


@dataclass
class Change:
    """What one line would do: "new", "changed" or "same"."""

    row: Row
    what: str
    name: str
    values: dict[str, Any]
    differences: list[tuple[str, Any, Any]] = field(default_factory=list)  # (field's name, old, new)
    thing: Unit | User | None = None
    shown_place: str = ""  # written by the page: the name of `place`

    @property
    def key(self) -> str:
        """By what it is known."""
        return str(self.values.get("code") or self.values.get("email") or "")

    @property
    def place(self) -> str:
        """Where it belongs, by the code of the unit."""
        return next((str(self.values[name]) for name in ("unit", "manager", "parent") if self.values.get(name)), "–")


@dataclass
class Plan:
    """Everything a file would do. Nothing may be carried out while there are problems."""

    units: list[Change] = field(default_factory=list)
    people: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def of(self, what: str) -> list[Change]:
        return [change for change in [*self.units, *self.people] if change.what == what]

    @property
    def work(self) -> int:
        """How many lines would change something."""
        return len(self.of("new")) + len(self.of("changed"))


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def read(stream: IO[bytes]) -> list[Row]:
    """The lines of both sheets that hold anything. The columns may stand in any order; formulas are taken as their text."""
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=False)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, SyntaxError, AttributeError) as error:
        raise Unreadable(_("This is no workbook that can be read. Save it as .xlsx and upload it again.")) from error
    rows: list[Row] = []
    try:
        known = [name for name in SHEETS if name in book.sheetnames]
        if not known:
            raise Unreadable(_("The workbook has neither a sheet “单位” nor a sheet “人员”. Start from the template."))
        for name in known:
            rows += _sheet(book[name], name)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        SyntaxError,
        AttributeError,
        IndexError,
    ) as error:
        raise Unreadable(_("This is no workbook that can be read. Save it as .xlsx and upload it again.")) from error
    finally:
        book.close()
    if not rows:
        raise Unreadable(_("There is nothing in the sheets but their heads."))
    return rows


def _sheet(sheet: Any, name: str) -> Iterator[Row]:
    lines = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS, max_row=MOST_ROWS + 2)
    heads = [clean_line(str(cell or "")).rstrip("*") for cell in next(lines, ())]
    fields = {one.head: one.name for one in SHEETS[name]}
    missing = [one.head for one in SHEETS[name] if one.required and one.head not in heads]
    if missing:
        columns = {"sheet": name, "columns": "、".join(missing)}
        raise Unreadable(
            _("The sheet “%(sheet)s” lacks the columns %(columns)s. Its first line must hold the heads.") % columns
        )
    for number, line in enumerate(lines, start=2):
        if number > MOST_ROWS + 1:
            raise Unreadable(
                _("The sheet “%(sheet)s” has more than %(most)s lines.") % {"sheet": name, "most": MOST_ROWS}
            )
        cells = {fields[head]: _text(cell) for head, cell in zip(heads, line, strict=False) if head in fields}
        if any(cells.values()):
            yield Row(name, number, cells)


def _text(cell: Any) -> str:
    """A cell as text: a phone number that Excel made a number keeps its digits, whatever is hidden in it goes."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    return clean_line(str(cell))


# ── comparing ───────────────────────────────────────────────────────────────────────────────────


def compare(rows: Iterable[Row]) -> Plan:
    """What the file would do to the organisation as it is now. A handful of queries whatever its length."""
    comparison = _Comparison(list(rows))
    return comparison.plan


class _Comparison:
    def __init__(self, rows: list[Row]) -> None:
        self.plan = Plan()
        units = Unit.objects.select_related("parent", "manager").prefetch_related("functions")
        self.units: dict[str, Unit] = {unit.code.lower(): unit for unit in units}
        self.by_name: dict[str, str] = {unit.name.lower(): code for code, unit in self.units.items()}
        self.values: dict[str, dict[str, Any]] = {}  # code → what the file says of the unit
        self._units([row for row in rows if row.sheet == UNITS])
        self._people([row for row in rows if row.sheet == PEOPLE])

    def problem(self, row: Row, name: str, message: str) -> None:
        self.plan.problems.append(Problem(row.sheet, row.number, HEADS.get(name, name), message))

    def cell(self, row: Row, one: Field) -> Any:
        """The value of a cell by its code; a problem where it cannot be."""
        text = row.cells.get(one.name, "")
        if not text and one.required:
            self.problem(row, one.name, _("This must not be empty."))
        if len(text) > one.longest:
            self.problem(row, one.name, _("Longer than %(most)s characters: shorten it.") % {"most": one.longest})
        if text and one.choices and text not in one.choices:
            choices = {"text": text[:40], "choices": "、".join(one.choices)}
            self.problem(row, one.name, _("“%(text)s” is not known here. Choose one of: %(choices)s") % choices)
            return None
        return one.choices.get(text, "") if one.choices else text

    def said(self, row: Row, fields: Iterable[Field]) -> dict[str, Any]:
        """The values of the columns that the file has."""
        return {one.name: self.cell(row, one) for one in fields if one.name in row.cells}

    # units

    def _units(self, rows: list[Row]) -> None:
        said = [(row, self.said(row, UNIT_FIELDS)) for row in rows]
        lines: dict[str, Row] = {}
        names: dict[str, Row] = {}
        for row, values in said:
            self._once(row, "code", values["code"], lines)
            self._once(row, "name", values["name"], names)
            self.values.setdefault(values["code"].lower(), values)
        for code, values in self.values.items():
            self.by_name[values["name"].lower()] = code
        for row, values in said:
            self._unit(row, values)
        self._circles(lines)

    def _once(self, row: Row, name: str, value: str, seen: dict[str, Row]) -> None:
        key = value.lower()
        if key and key in seen:
            words = {"value": value, "row": seen[key].number}
            self.problem(row, name, _("“%(value)s” stands in line %(row)s too: keep one of them.") % words)
        seen.setdefault(key, row)

    def _unit(self, row: Row, values: dict[str, Any]) -> None:
        for name in ("parent", "manager"):
            if name in values:
                values[name] = self._reference(row, name, values[name])
        if "functions" in values:
            values["functions"] = self._functions(row, values["functions"])
        unit = self.units.get(values["code"].lower())
        self._unit_rules(row, values, unit)
        old = _unit_values(unit) if unit else {}
        if unit:
            values["code"] = unit.code  # written in other capitals it is still the same code
        differences = [(name, old[name], new) for name, new in values.items() if unit and old[name] != new]
        what = "new" if unit is None else "changed" if differences else "same"
        self.plan.units.append(Change(row, what, values["name"], values, differences, unit))

    def _reference(self, row: Row, name: str, text: str) -> str:
        """The code of the unit that is meant by a code or a name; "" for none or an unknown one."""
        if not text:
            return ""
        code = (
            text.lower()
            if text.lower() in self.units or text.lower() in self.values
            else self.by_name.get(text.lower(), "")
        )
        if not code:
            self.problem(
                row,
                name,
                _("There is no unit “%(text)s”: correct it, or add it to the sheet “单位”.") % {"text": text[:40]},
            )
            return ""
        return self.units[code].code if code in self.units else str(self.values[code]["code"])

    def _functions(self, row: Row, text: str) -> list[str]:
        wanted = [part.strip() for part in re.split("[、,，;；]", text) if part.strip()]
        unknown = [part for part in wanted if part not in FUNCTIONS]
        if unknown:
            words = {"text": unknown[0][:40], "choices": "、".join(FUNCTIONS)}
            self.problem(row, "functions", _("“%(text)s” is not known here. Choose one of: %(choices)s") % words)
        return sorted({FUNCTIONS[part] for part in wanted if part in FUNCTIONS})

    def _unit_rules(self, row: Row, values: dict[str, Any], unit: Unit | None) -> None:
        kind = values["kind"] or (unit.kind if unit else "")
        if unit and not unit.active:
            self.problem(row, "code", _("%(unit)s is closed: take it into use again first.") % {"unit": unit.name})
        if unit and kind and (kind == Unit.Kind.HQ) != (unit.kind == Unit.Kind.HQ):
            self.problem(
                row, "kind", _("A headquarters department does not become a channel, nor the other way round.")
            )
        namesake = self.units.get(self._holder(values["name"]))
        if namesake and namesake.code.lower() != values["code"].lower() and namesake.code.lower() not in self.values:
            words = {"name": values["name"], "code": namesake.code}
            self.problem(
                row, "name", _("“%(name)s” is the unit with the code %(code)s: use that code, or another name.") % words
            )
        manager = values.get("manager", unit.manager.code if unit and unit.manager else "")
        if kind == Unit.Kind.HQ and manager:
            self.problem(row, "manager", _("A headquarters department has no managing department: leave it empty."))
        if kind and kind != Unit.Kind.HQ:
            self._channel_rules(row, values, manager)
        parent = values.get("parent", "")
        if kind == Unit.Kind.HQ and parent and self._kind(parent) != Unit.Kind.HQ:
            self.problem(row, "parent", _("A headquarters department cannot stand below a channel."))

    def _channel_rules(self, row: Row, values: dict[str, Any], manager: str) -> None:
        if not manager:
            if not row.cells.get("manager"):
                self.problem(
                    row, "manager", _("A channel needs a managing department, which reviews its people: name it.")
                )
        elif Function.REGISTRAR_CHANNELS not in self._functions_of(manager):
            self.problem(
                row,
                "manager",
                _("%(unit)s does not review people of channels: give it that function.") % {"unit": manager},
            )
        if values.get("functions"):
            self.problem(row, "functions", _("A channel plays no part for the whole company: leave it empty."))

    def _holder(self, name: str) -> str:
        return next((code for code, unit in self._named.get(name.lower(), ())), "")

    @property
    def _named(self) -> dict[str, list[tuple[str, Unit]]]:
        if not hasattr(self, "_names"):
            self._names: dict[str, list[tuple[str, Unit]]] = {}
            for code, unit in self.units.items():
                self._names.setdefault(unit.name.lower(), []).append((code, unit))
        return self._names

    def _kind(self, code: str) -> str:
        said = self.values.get(code.lower(), {}).get("kind")
        return str(said or (self.units[code.lower()].kind if code.lower() in self.units else ""))

    def _functions_of(self, code: str) -> list[str]:
        said = self.values.get(code.lower(), {}).get("functions")
        if isinstance(said, str):
            return [FUNCTIONS[part.strip()] for part in re.split("[、,，;；]", said) if part.strip() in FUNCTIONS]
        if said is None and code.lower() in self.units:
            return [one.function for one in self.units[code.lower()].functions.all()]
        return list(said or [])

    def _circles(self, lines: dict[str, Row]) -> None:
        """Every unit of the file must come to an end on the way up."""
        above = {code: unit.parent.code.lower() if unit.parent else "" for code, unit in self.units.items()}
        above |= {code: values["parent"].lower() for code, values in self.values.items() if "parent" in values}
        for code, row in lines.items():
            way, node = [], code
            while node and node not in way:
                way.append(node)
                node = above.get(node, "")
            if node and node == code:
                names = " → ".join(self._title(one) for one in [*way, code])
                self.problem(row, "parent", _("The units stand below each other in a circle: %(way)s") % {"way": names})

    def _title(self, code: str) -> str:
        return str(self.values[code]["name"]) if code in self.values else self.units[code].name

    # people

    def _people(self, rows: list[Row]) -> None:
        users = list(User.objects.select_related("unit"))
        self.accounts = {user.username.lower(): user for user in users}
        self.addresses = {user.email.lower(): user for user in users}
        emails: dict[str, Row] = {}
        accounts: dict[str, Row] = {}
        for row in rows:
            values = self.said(row, PEOPLE_FIELDS)
            self._once(row, "email", values["email"], emails)
            self._once(row, "username", values.get("username", ""), accounts)
            self._person(row, values)

    def _person(self, row: Row, values: dict[str, Any]) -> None:
        user = self._known(row, values)
        values["unit"] = self._reference(row, "unit", values["unit"])
        if "officer_full_time" in values:
            values["officer_full_time"] = bool(values["officer_full_time"])
        if values["email"] and not _is_address(values["email"]):
            self.problem(row, "email", _("“%(text)s” is no e-mail address.") % {"text": values["email"][:60]})
        unit = self.units.get(values["unit"].lower())
        if unit and not unit.active:
            self.problem(row, "unit", _("%(unit)s is closed.") % {"unit": unit.name})
        if user and not user.is_active:
            self.problem(
                row,
                "name",
                _("The account of %(name)s is deactivated: take it into use again first.") % {"name": user.name},
            )
        old = _person_values(user) if user else {}
        if user:
            values["username"] = user.username
        differences = [(name, old[name], new) for name, new in values.items() if user and old[name] != new]
        what = "new" if user is None else "changed" if differences else "same"
        self.plan.people.append(Change(row, what, values["name"], values, differences, user))

    def _known(self, row: Row, values: dict[str, Any]) -> User | None:
        """Who is meant: by the account where one is given, else by the address."""
        account, email = values.get("username", "").lower(), values["email"].lower()
        named, addressed = self.accounts.get(account), self.addresses.get(email)
        if account and re.search(r"[^\w.@+-]", account):
            self.problem(row, "username", _("An account has letters, digits and . @ + - _ only."))
        if addressed and account and addressed != named:
            self.problem(
                row,
                "email",
                _("Another account uses this e-mail address: %(account)s.") % {"account": addressed.username},
            )
        user = named if account else addressed
        if user and user.unit is None:
            self.problem(row, "username", _("This is an administrator's account, which belongs to no unit."))
        return user


def _unit_values(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "parent": unit.parent.code if unit.parent else "",
        "manager": unit.manager.code if unit.manager else "",
        "functions": sorted(one.function for one in unit.functions.all()),
        "region": unit.region,
        "handles": unit.handles,
        "phone": unit.phone,
        "address": unit.address,
    }


def _person_values(user: User) -> dict[str, Any]:
    plain = ("name", "role", "email", "phone", "position", "username", "officer_full_time")
    return {"unit": user.unit.code if user.unit else "", **{name: getattr(user, name) for name in plain}}


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


# ── carrying out ────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def carry_out(plan: Plan, *, by: User, at: datetime) -> dict[str, int]:
    """All of the plan, or nothing. Returns how many units and people are new and changed.

    What the comparison could not see (somebody was faster) raises `Invalid` or `WrongState` out of the verbs."""
    if plan.problems:
        raise ValueError("a plan with problems is not carried out")
    counts = {"units_new": 0, "units_changed": 0, "people_new": 0, "people_changed": 0}
    found = {unit.code.lower(): unit for unit in Unit.objects.select_related("parent", "manager")}
    for change in _upper_first(plan.units, found):
        if change.what != "same":
            _carry_out_unit(change, found, by, at)
            counts[f"units_{change.what}"] += 1
    for change in plan.units:  # after all units exist: who reviews whom, and what a unit plays for the company
        if change.what != "same":
            _place_unit(change, found, by, at)
    _add_people([change for change in plan.people if change.what == "new"], found, by, at)
    for change in plan.people:
        if change.what != "same":
            counts[f"people_{change.what}"] += 1
        if change.what == "changed":
            _change_person(change, found, by, at)
    audit.record("organisation.imported", by=by, at=at, data=counts)
    return counts


def _upper_first(changes: list[Change], found: dict[str, Unit]) -> list[Change]:
    """New units in an order in which whatever they name is there before them: departments, then channels, each by the tree."""
    codes = {change.values["code"].lower() for change in changes if change.what == "new"}
    ready: list[Change] = []
    done = set(found)
    left = sorted(changes, key=lambda change: change.values.get("kind") != Unit.Kind.HQ)
    while left:
        now_ready = [change for change in left if not ((_needs(change) & codes) - done)]
        now_ready = now_ready or left  # a circle is a problem of the plan and never comes here
        ready += now_ready
        done |= {change.values["code"].lower() for change in now_ready}
        chosen = {id(change) for change in now_ready}
        left = [change for change in left if id(change) not in chosen]
    return ready


def _needs(change: Change) -> set[str]:
    return {change.values.get(name, "").lower() for name in ("parent", "manager")} - {""}


def _carry_out_unit(change: Change, found: dict[str, Unit], by: User, at: datetime) -> None:
    values = change.values
    plain = {
        name: values[name]
        for name in ("code", "name", "kind", "region", "handles", "phone", "address")
        if name in values
    }
    if change.what == "new":
        functions = values.get("functions", [])
        parent = found.get(values.get("parent", "").lower())
        manager = found.get(values.get("manager", "").lower())
        unit = unit_verbs.create(**plain, parent=parent, manager=manager, functions=functions, by=by, at=at)
    else:
        unit = unit_verbs.change(found[values["code"].lower()], by=by, at=at, **plain)
        gained = set(values.get("functions", [])) | set(unit.functions.values_list("function", flat=True))
        if "functions" in values:  # nothing is lost before every channel has its new managing department
            unit_verbs.set_functions(unit, gained, by=by, at=at)
    found[unit.code.lower()] = unit


def _place_unit(change: Change, found: dict[str, Unit], by: User, at: datetime) -> None:
    if change.what == "new":
        return
    values, unit = change.values, found[change.values["code"].lower()]
    if "parent" in values:
        unit = unit_verbs.move(unit, found.get(values["parent"].lower()), by=by, at=at)
    if "manager" in values:
        unit = unit_verbs.set_manager(unit, found.get(values["manager"].lower()), by=by, at=at)
    if "functions" in values:
        unit_verbs.set_functions(unit, values["functions"], by=by, at=at)


def _add_people(changes: list[Change], found: dict[str, Unit], by: User, at: datetime) -> None:
    names = people_verbs.Usernames(User.objects.values_list("username", flat=True))
    new = []
    for change in changes:
        values = dict(change.values)
        values["unit"] = found[values["unit"].lower()]
        values["username"] = values.get("username") or names.free(values["name"])
        new.append(values)
    people_verbs.add_many(new, by=by, at=at)


def _change_person(change: Change, found: dict[str, Unit], by: User, at: datetime) -> None:
    values = dict(change.values)
    unit, role = found[values.pop("unit").lower()], values.pop("role")
    user = change.thing
    if not isinstance(user, User):
        return
    values.pop("username", None)
    user = people_verbs.change(user, by=by, at=at, **values)
    if user.unit_id != unit.pk:
        people_verbs.transfer(user, unit, role, by=by, knowing=True, at=at)
    elif user.role != role:
        people_verbs.change_role(user, role, by=by, knowing=True, at=at)


# ── the template ────────────────────────────────────────────────────────────────────────────────


def template(filled: bool = False) -> bytes:
    """The workbook to fill in: two sheets with heads and lists to choose from, and one that explains; `filled`: with what the
    portal holds now, to be changed and sent back."""
    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    head = book.add_format({"bold": True, "bg_color": "#EEF2F7", "bottom": 1, "text_wrap": True})
    must = book.add_format({"bold": True, "bg_color": "#DCE8FF", "bottom": 1, "text_wrap": True})
    text = book.add_format({"num_format": "@"})  # phone numbers stay as typed
    lines = _present() if filled else {}
    for name, fields in SHEETS.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, one in enumerate(fields):
            sheet.set_column(place, place, one.width, text)
            sheet.write_string(0, place, f"{one.head}*" if one.required else one.head, must if one.required else head)
            if one.choices:
                sheet.data_validation(1, place, MOST_ROWS, place, {"validate": "list", "source": list(one.choices)})
        for number, line in enumerate(lines.get(name, []), start=1):
            for place, value in enumerate(line):
                sheet.write_string(number, place, value, text)
    _explain(book, head)
    book.close()
    return out.getvalue()


def _present() -> dict[str, list[list[str]]]:
    kinds, roles = ({code: word for word, code in words.items()} for words in (KINDS, ROLES))
    functions = {code: word for word, code in FUNCTIONS.items()}
    units = (
        Unit.objects.active()
        .select_related("parent", "manager")
        .prefetch_related("functions")
        .order_by("kind", "pinyin")
    )
    said = {UNITS: [], PEOPLE: []}  # type: dict[str, list[list[str]]]
    for unit in units:
        values = _unit_values(unit)
        values |= {"kind": kinds[unit.kind], "functions": "、".join(functions[one] for one in values["functions"])}
        said[UNITS].append([values[one.name] for one in UNIT_FIELDS])
    for user in (
        User.objects.filter(is_active=True, unit__isnull=False)
        .select_related("unit")
        .order_by("unit__pinyin", "pinyin")
    ):
        values = _person_values(user)
        values |= {"role": roles[user.role], "officer_full_time": "是" if user.officer_full_time else "否"}
        said[PEOPLE].append([values[one.name] for one in PEOPLE_FIELDS])
    return said


def _explain(book: Any, head: Any) -> None:
    sheet = book.add_worksheet(_("Explanation"))
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 1, 14)
    sheet.set_column(2, 2, 90)
    sentences = [
        _(
            "Columns with * must be filled in. The order of the columns does not matter; columns left out are not touched."
        ),
        _(
            "Nothing is written at once: after the upload the portal shows what would change, and every mistake with its line."
        ),
        _("Units and people that the file does not name stay as they are. The same file twice changes nothing."),
        _("People who are new have no password: issue it on the page, by e-mail or on paper."),
    ]
    for number, sentence in enumerate(sentences):
        sheet.merge_range(number, 0, number, 2, sentence, wrap)
    line = len(sentences) + 1
    for place, title in enumerate((_("Sheet"), _("Column"), _("What it holds"))):
        sheet.write_string(line, place, title, head)
    for name, fields in SHEETS.items():
        for one in fields:
            line += 1
            words = [
                str(one.hint),
                _("One of: %(choices)s") % {"choices": "、".join(one.choices)} if one.choices else "",
            ]
            if one.name == "functions":
                words.append(_("One of: %(choices)s") % {"choices": "、".join(FUNCTIONS)})
            for place, value in enumerate((name, one.head, " ".join(word for word in words if word))):
                sheet.write_string(line, place, value, wrap)


# ── the job ─────────────────────────────────────────────────────────────────────────────────────


def run(job_id: int, at: datetime) -> None:
    """Carry out the file of this job, unless it is done or somebody is at it. Compared anew: what was shown may be old."""
    job = jobs.claim(job_id, at)
    if job is None:
        return
    by = User.objects.get(pk=job.by_id)
    Job.objects.filter(pk=job.pk).update(
        lease_until=at + LONGEST
    )  # one transaction: no mark of progress is seen in between
    try:
        if not may(by, "organisation.edit"):
            jobs.fail(job, at, "refused")
            return
        with files.location(StoredFile.objects.get(pk=job.data["file"])).open("rb") as stream:
            plan = compare(read(stream))
        if plan.problems:
            jobs.fail(job, at, "changed meanwhile")
            return
        counts = carry_out(plan, by=by, at=at)
    except (Invalid, WrongState, Refused, Unreadable, OSError) as error:
        jobs.fail(job, at, str(getattr(error, "message", error)))
        return
    jobs.finish(job, at, result=counts)
