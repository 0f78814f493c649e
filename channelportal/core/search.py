"""Search in Chinese and English: bigrams made here, an index of the database over them, then the text itself.

`index` is called in the verb's transaction; `find` gives ids, which the owner combines with `visible_to`:

    Ticket.objects.visible_to(user).filter(pk__in=search.find("ticket", query))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from channelportal.core.models import SearchDocument
from channelportal.lib.text import fold, grams, wanted_grams

LONGEST: Final = 20_000  # characters of one object that are found
MOST_WORDS: Final = 8
MOST_GRAMS: Final = 40
FEW: Final = 2_000  # hits that are fetched first, so that the database knows how many there are


def index(kind: str, object_id: int, *texts: str) -> None:
    """What this object is found by, replacing what it was found by before. One query."""
    index_many(kind, [(object_id, texts)])


def index_many(kind: str, objects: Iterable[tuple[int, Iterable[str]]]) -> None:
    """The same for many."""
    documents = []
    for object_id, texts in objects:
        text = fold("\n".join(part for part in texts if part))[:LONGEST]
        documents.append(SearchDocument(kind=kind, object_id=object_id, text=text, grams=" ".join(grams(text))))
    SearchDocument.objects.bulk_create(
        documents,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["kind", "object_id"],
        update_fields=["text", "grams"],
    )


def find(kind: str, query: str) -> QuerySet[Any, int] | list[int]:
    """The ids of the objects of `kind` whose text has every word of the query, for `pk__in`. Nothing for an empty query.

    One query tells whether the words are rare: then the ids themselves are given, and few rows are looked at. Of common
    words the newest hits are found soon by walking back in time: then it is a subquery. The database's own guess of which
    it is may be wrong by a hundred times (two common words that never stand together)."""
    found = _find(kind, query)
    few = list(found[: FEW + 1])
    return few if len(few) <= FEW else found


def _find(kind: str, query: str) -> QuerySet[Any, int]:
    words = fold(query).split()[:MOST_WORDS]
    wanted = {word: wanted_grams(word) for word in words}
    asked = list(dict.fromkeys(gram for list_ in wanted.values() for gram in list_))[:MOST_GRAMS]
    if not asked:
        return SearchDocument.objects.none().values_list("object_id", flat=True)
    found = SearchDocument.objects.filter(_matches(asked), kind=kind)
    for word, word_grams in wanted.items():
        if [gram for gram, _ in word_grams] != [word]:  # one gram that is the word itself needs no second look
            found = found.filter(text__contains=word)
    return found.values_list("object_id", flat=True)


def _matches(asked: list[tuple[str, bool]]) -> RawSQL:
    """Grams are letters and digits only (`lib.text`), so quoting them is enough."""
    if connection.vendor == "postgresql":
        terms = " & ".join(f"'{gram}':*" if prefix else f"'{gram}'" for gram, prefix in asked)
        sql = "array_to_tsvector(string_to_array(grams, ' ')) @@ %s::tsquery"
    else:
        terms = " AND ".join(f'"{gram}"*' if prefix else f'"{gram}"' for gram, prefix in asked)
        sql = "id IN (SELECT rowid FROM core_search WHERE core_search MATCH %s)"
    return RawSQL(sql, [terms], output_field=BooleanField())  # noqa: S611 (both texts are constants, the terms a parameter)
