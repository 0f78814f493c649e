"""Several at the same moment: real threads, each with a connection of its own, started together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

Deed = Callable[[], Any]


def results(deeds: Sequence[Deed]) -> list[Any]:
    """Do them all at once; in their order what each returned, or the exception it ended with."""
    start, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Deed) -> None:
        try:
            start.wait(60)
            found[place] = deed()
        except Exception as error:  # noqa: BLE001  (what a thread raises is its result)
            found[place] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def at_once(*deeds: Deed) -> Counter[str]:
    """How many were "done", and how many ended with an error of which name: {"done": 1, "WrongState": 3}."""
    return Counter(type(one).__name__ if isinstance(one, Exception) else "done" for one in results(deeds))


def failures(deeds: Sequence[Deed]) -> list[str]:
    """What went wrong, one `repr` each."""
    return [repr(one) for one in results(deeds) if isinstance(one, Exception)]
