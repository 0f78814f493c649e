"""Which steps a notice needs, and why: a table of cases, and what holds for every company (000 5.10; 001 四(一)(二))."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices import chain
from notices.chain import Facts, NobodyDecides, Post

OFFICE, CENTER, KEFU, AGENT, MARKET = 1, 2, 3, 4, 5
AUTHOR, KEFU_HEAD, CENTER_HEAD, OFFICE_HEAD, OFFICE_DEPUTY, AGENT_HEAD, MARKET_HEAD = 10, 13, 12, 11, 19, 14, 15
COMPANY = Facts(
    unit=KEFU,
    barred=frozenset({AUTHOR}),
    checkers=(CENTER,),
    management=OFFICE,
    superiors={KEFU: OFFICE, CENTER: OFFICE, MARKET: CENTER, AGENT: MARKET, OFFICE: None},
    posts={
        OFFICE: Post(frozenset({OFFICE_HEAD})),
        CENTER: Post(frozenset({CENTER_HEAD})),
        KEFU: Post(frozenset({KEFU_HEAD})),
        AGENT: Post(frozenset({AGENT_HEAD})),
        MARKET: Post(frozenset({MARKET_HEAD})),
    },
)


def case(**facts: Any) -> Facts:
    return replace(COMPANY, **facts)


def by_head(unit: int, head: int, **facts: Any) -> Facts:
    return case(unit=unit, barred=frozenset({head}), led_by_author=True, **facts)


CASES = {
    "an employee writes to his own unit": (case(), ["head@3 own_unit"]),
    "a head writes to his own unit": (by_head(KEFU, KEFU_HEAD), []),
    "an employee writes to channels": (
        case(leaves_unit=True),
        ["head@3 own_unit", "check@2 leaves_unit"],
    ),
    "a head writes to channels": (by_head(KEFU, KEFU_HEAD, leaves_unit=True), ["check@2 leaves_unit"]),
    "a request for his own unit": (case(request=True), ["head@3 own_unit", "check@2 request"]),
    "a major one for channels": (
        case(leaves_unit=True, major=True),
        ["head@3 own_unit", "check@2 leaves_unit", "management@1 major"],
    ),
    "a major and confidential request": (
        case(leaves_unit=True, request=True, major=True, confidential=True),
        ["head@3 own_unit", "check@2 leaves_unit,request", "management@1 major,confidential"],
    ),
    "a confidential one inside": (case(confidential=True), ["head@3 own_unit", "management@1 confidential"]),
    "an officer of channel management: its head checks too": (
        case(unit=CENTER, leaves_unit=True),
        ["head@2 own_unit,leaves_unit"],
    ),
    "the head of channel management: the superior checks": (
        by_head(CENTER, CENTER_HEAD, leaves_unit=True),
        ["check@1 leaves_unit,author_is_head"],
    ),
    "the head of channel management on a major matter: management decides once": (
        by_head(CENTER, CENTER_HEAD, leaves_unit=True, major=True),
        ["check@1 leaves_unit,author_is_head,major"],
    ),
    "an officer of management": (
        case(unit=OFFICE, leaves_unit=True, major=True),
        ["head@1 own_unit,major", "check@2 leaves_unit"],
    ),
    "the head of management with a deputy": (
        by_head(
            OFFICE,
            OFFICE_HEAD,
            leaves_unit=True,
            major=True,
            posts=COMPANY.posts | {OFFICE: Post(frozenset({OFFICE_HEAD}), frozenset({OFFICE_DEPUTY}))},
        ),
        ["check@2 leaves_unit", "management@1 major,author_is_head"],
    ),
    "a unit without a head: its managing department": (
        case(unit=AGENT, posts=COMPANY.posts | {AGENT: Post()}),
        ["head@5 own_unit,no_head"],
    ),
    "a unit that a deputy leads": (
        case(unit=AGENT, posts=COMPANY.posts | {AGENT: Post(frozenset(), frozenset({99}))}),
        ["head@4 own_unit"],
    ),
    "two heads: the other one decides": (
        case(
            unit=CENTER, barred=frozenset({CENTER_HEAD}), led_by_author=True, leaves_unit=True,
            posts=COMPANY.posts | {CENTER: Post(frozenset({CENTER_HEAD, 98}))},
        ),
        ["check@2 leaves_unit"],
    ),
    "several units of channel management: the nearest above": (
        case(unit=AGENT, leaves_unit=True, checkers=(CENTER, MARKET)),
        ["head@4 own_unit", "check@5 leaves_unit"],
    ),
    "several, none above: the first": (
        case(leaves_unit=True, checkers=(CENTER, MARKET)),
        ["head@3 own_unit", "check@2 leaves_unit"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "wanted"), CASES.values(), ids=CASES.keys())
def test_it_makes_the_chain_of(facts: Facts, wanted: list[str]) -> None:
    steps = chain.steps(facts)

    assert [f"{one.duty}@{one.unit_id} {','.join(one.reasons)}" for one in steps] == wanted


@pytest.mark.parametrize(
    ("facts", "unit"),
    [
        (by_head(OFFICE, OFFICE_HEAD, major=True), OFFICE),
        (case(unit=AGENT, posts={}), AGENT),
        (case(leaves_unit=True, checkers=()), None),
        (case(major=True, management=None), None),
    ],
    ids=["management alone", "nobody anywhere", "no channel management", "no management"],
)
def test_it_says_where_nobody_decides(facts: Facts, unit: int | None) -> None:
    with pytest.raises(NobodyDecides) as nobody:
        chain.steps(facts)

    assert nobody.value.unit_id == unit


@st.composite
def companies(draw: st.DrawFn) -> Facts:
    """Up to six units in any tree, even a wrong one; people lead some of them; one or two are barred."""
    units = list(range(1, draw(st.integers(1, 6)) + 1))
    some = st.sampled_from(units)
    leaders = st.frozensets(st.integers(1, 8), max_size=2)
    posts = {unit: Post(draw(leaders), draw(leaders)) for unit in units}
    barred = draw(st.frozensets(st.integers(1, 8), min_size=1, max_size=2))
    unit = draw(some)
    return Facts(
        unit=unit,
        barred=barred,
        led_by_author=bool(posts[unit].heads & barred),
        leaves_unit=draw(st.booleans()),
        request=draw(st.booleans()),
        major=draw(st.booleans()),
        confidential=draw(st.booleans()),
        checkers=tuple(sorted(draw(st.frozensets(some, max_size=2)))),
        management=draw(st.none() | some),
        superiors={unit: draw(st.none() | some) for unit in units},
        posts=posts,
    )


@given(companies())
def test_it_asks_each_unit_once_and_only_where_another_can_decide(facts: Facts) -> None:
    try:
        steps = chain.steps(facts)
    except NobodyDecides:
        return

    units = [one.unit_id for one in steps]
    assert len(units) == len(set(units))
    for unit in units:
        post = facts.posts[unit]
        assert (post.heads | post.deputies) - facts.barred


@given(companies())
def test_it_forgets_no_reason(facts: Facts) -> None:
    try:
        steps = chain.steps(facts)
    except NobodyDecides:
        return

    said = {reason for one in steps for reason in one.reasons}
    assert ("own_unit" in said) == (not facts.led_by_author)
    for name in ("leaves_unit", "request", "major", "confidential"):
        assert (name in said) == getattr(facts, name)
    assert sum(one.checks for one in steps) == (facts.leaves_unit or facts.request)


@given(companies())
def test_it_raises_only_where_a_step_has_nobody_above(facts: Facts) -> None:
    try:
        chain.steps(facts)
    except NobodyDecides as nobody:
        if nobody.unit_id is None:
            assert not facts.checkers or facts.management is None
            return
        posts = [facts.posts[unit] for unit in chain.line(facts, nobody.unit_id)]
        assert not any((post.heads | post.deputies) - facts.barred for post in posts)
