"""A gap of this installation: what is missing, how grave, what to do. `doctor.py` and `doctor_notices.py` find them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

FAULT: Final = "fault"  # the portal cannot keep what it promises
WARNING: Final = "warning"  # it can, but somebody will miss something
GRADES: Final = (FAULT, WARNING)


@dataclass(frozen=True)
class Gap:
    """One thing that is missing: `code` for grouping and robots, `where` it is missing, what to do, and the page for it."""

    code: str
    grade: str
    what: str
    remedy: str
    url: str = ""
    where: str = ""

    def as_data(self) -> dict[str, str]:
        return asdict(self)
