"""Chinese names as sort and search keys: C.UTF-8 sorts Chinese by code point, so the order of pinyin is stored beside the name."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def sort_key(name: str, longest: int = 200) -> str:
    """ "沈阳分公司" → "shenyangfengongsi syfgs": the syllables for the order, the initials for who types only those.

    What is not Chinese stays as it is, in small letters; never longer than `longest` characters."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 (its dictionary takes 57 MB: only who names somebody pays for it)

    syllables = "".join(lazy_pinyin(name)).lower().replace(" ", "")
    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower().replace(" ", "")
    return f"{syllables} {initials}"[:longest]
