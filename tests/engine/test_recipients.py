"""Whom a step of the ladder tells, and who is passed over (000 5.8: 责任方的主管)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feedback.ladder import Case, NobodyLeft, Org, Person, Recipients, Skip, Target, Why, gaps, resolve

# units
BOARD, OFFICE, QIFA, MARKETING, ENTERPRISE, SERVICE, BRANCH = range(1, 8)
# people, named after their part
BOSS, OFFICE_HEAD, QIFA_HEAD, QIFA_OFFICER, QIFA_MEMBER = 10, 20, 30, 31, 32
MARKETING_HEAD, ENTERPRISE_HEAD, ENTERPRISE_DEPUTY, ENTERPRISE_OFFICER, ENTERPRISE_CLERK = 40, 50, 51, 52, 53
SERVICE_HEAD, BRANCH_HEAD, BRANCH_OFFICER, BRANCH_CLERK = 60, 70, 71, 72

SUPERIORS = {
    BOARD: None,
    OFFICE: BOARD,
    QIFA: OFFICE,
    MARKETING: BOARD,
    ENTERPRISE: MARKETING,
    SERVICE: BOARD,
    BRANCH: ENTERPRISE,
}
PEOPLE = {
    person.id: person
    for person in [
        Person(BOSS, BOARD, "head"),
        Person(OFFICE_HEAD, OFFICE, "head"),
        Person(QIFA_HEAD, QIFA, "head"),
        Person(QIFA_OFFICER, QIFA, "officer"),
        Person(QIFA_MEMBER, QIFA, "member"),
        Person(MARKETING_HEAD, MARKETING, "head"),
        Person(ENTERPRISE_HEAD, ENTERPRISE, "head"),
        Person(ENTERPRISE_DEPUTY, ENTERPRISE, "deputy"),
        Person(ENTERPRISE_OFFICER, ENTERPRISE, "officer"),
        Person(ENTERPRISE_CLERK, ENTERPRISE, "member"),
        Person(SERVICE_HEAD, SERVICE, "head"),
        Person(BRANCH_HEAD, BRANCH, "head"),
        Person(BRANCH_OFFICER, BRANCH, "officer"),
        Person(BRANCH_CLERK, BRANCH, "member"),
    ]
}


def org(
    *without: int, away: tuple[int, ...] = (), inactive: tuple[int, ...] = (), acting: dict[int, int] | None = None
) -> Org:
    """The company, without these people, with those on leave, deactivated, and with named deputies."""
    people = {
        key: replace(person, away=key in away, active=key not in inactive, deputy=(acting or {}).get(key))
        for key, person in PEOPLE.items()
        if key not in without
    }
    return Org(people, SUPERIORS, supervising=QIFA, management=BOARD)


def told(target: Target, company: Org | None = None, **case: object) -> Recipients:
    return resolve([target], company or org(), Case(**{"unit": ENTERPRISE, "asker": BRANCH, **case}))  # type: ignore[arg-type]


def test_it_tells_the_assignee() -> None:
    assert told(Target.ASSIGNEE, assignee=ENTERPRISE_CLERK).people == (ENTERPRISE_CLERK,)


def test_it_tells_the_information_officers_when_nobody_took_it() -> None:
    assert told(Target.ASSIGNEE).people == (ENTERPRISE_OFFICER,)


def test_it_tells_the_officers_when_the_assignee_is_away_and_the_head_when_they_are_too() -> None:
    assert told(Target.ASSIGNEE, org(away=(ENTERPRISE_CLERK,)), assignee=ENTERPRISE_CLERK).people == (
        ENTERPRISE_OFFICER,
    )
    both = org(away=(ENTERPRISE_CLERK, ENTERPRISE_OFFICER))
    assert told(Target.ASSIGNEE, both, assignee=ENTERPRISE_CLERK).people == (ENTERPRISE_HEAD,)


def test_it_tells_the_head_his_superior_the_supervisors_and_management() -> None:
    assert told(Target.HEAD).people == (ENTERPRISE_HEAD,)
    assert told(Target.PARENT_HEAD).people == (MARKETING_HEAD,)
    assert told(Target.SUPERVISORS).people == (QIFA_HEAD, QIFA_OFFICER)
    assert told(Target.MANAGEMENT).people == (BOSS,)


def test_it_tells_the_asker_or_his_units_officers() -> None:
    assert told(Target.ASKER, filer=BRANCH_CLERK).people == (BRANCH_CLERK,)
    assert told(Target.ASKER, org(inactive=(BRANCH_CLERK,)), filer=BRANCH_CLERK).people == (BRANCH_OFFICER,)


def test_it_tells_each_person_once() -> None:
    found = resolve([Target.HEAD, Target.ASSIGNEE], org(), Case(ENTERPRISE, assignee=ENTERPRISE_HEAD))

    assert found.people == (ENTERPRISE_HEAD,)


def test_it_tells_the_deputy_while_the_head_is_away() -> None:
    found = told(Target.HEAD, org(away=(ENTERPRISE_HEAD,)))

    assert found.people == (ENTERPRISE_DEPUTY,)
    assert found.skipped == (Skip(Target.HEAD, ENTERPRISE, ENTERPRISE_HEAD, Why.AWAY),)
    assert not found.fell_back


def test_it_tells_the_one_whom_the_absent_head_named() -> None:
    acting = {ENTERPRISE_HEAD: ENTERPRISE_OFFICER}

    assert told(Target.HEAD, org(away=(ENTERPRISE_HEAD,), acting=acting)).people == (ENTERPRISE_OFFICER,)
    both_away = org(away=(ENTERPRISE_HEAD, ENTERPRISE_OFFICER), acting=acting)
    assert told(Target.HEAD, both_away).people == (ENTERPRISE_DEPUTY,)


def test_it_survives_two_people_who_act_for_each_other_and_are_both_away() -> None:
    circle = {ENTERPRISE_HEAD: ENTERPRISE_DEPUTY, ENTERPRISE_DEPUTY: ENTERPRISE_HEAD}

    assert told(Target.HEAD, org(away=(ENTERPRISE_HEAD, ENTERPRISE_DEPUTY), acting=circle)).people == (MARKETING_HEAD,)


@pytest.mark.parametrize(
    ("company", "why"),
    [
        (org(ENTERPRISE_HEAD, ENTERPRISE_DEPUTY), Why.MISSING),
        (org(ENTERPRISE_DEPUTY, inactive=(ENTERPRISE_HEAD,)), Why.INACTIVE),
        (org(ENTERPRISE_DEPUTY, away=(ENTERPRISE_HEAD,)), Why.AWAY),
    ],
)
def test_it_passes_over_who_cannot_be_told_upwards(company: Org, why: Why) -> None:
    found = told(Target.HEAD, company)

    assert found.people == (MARKETING_HEAD,)
    assert found.skipped[0].why == why


def test_it_passes_over_the_head_complained_of_and_his_deputy_too() -> None:
    found = told(Target.HEAD, accused=frozenset({ENTERPRISE_HEAD}))

    assert found.people == (MARKETING_HEAD,)
    assert found.skipped == (Skip(Target.HEAD, ENTERPRISE, ENTERPRISE_HEAD, Why.ACCUSED),)


@pytest.mark.parametrize("target", list(Target))
@pytest.mark.parametrize("accused", sorted(PEOPLE))
def test_it_never_tells_the_one_complained_of(target: Target, accused: int) -> None:
    case = {"assignee": ENTERPRISE_CLERK, "filer": BRANCH_CLERK}

    assert accused not in told(target, accused=frozenset({accused}), **case).people
    assert accused not in told(target, org(away=tuple(PEOPLE)), accused=frozenset({accused}), **case).people


def test_it_comes_to_the_supervisors_at_last() -> None:
    found = told(Target.HEAD, org(ENTERPRISE_HEAD, ENTERPRISE_DEPUTY, MARKETING_HEAD, BOSS))

    assert found.people == (QIFA_HEAD, QIFA_OFFICER)
    assert found.fell_back


def test_it_tells_the_supervisors_when_management_cannot_be_told() -> None:
    assert told(Target.MANAGEMENT, org(away=(BOSS,))).people == (QIFA_HEAD, QIFA_OFFICER)


def test_it_tells_anybody_of_the_supervisors_rather_than_nobody() -> None:
    assert told(Target.SUPERVISORS, org(QIFA_HEAD, away=(QIFA_OFFICER,))).people == (QIFA_MEMBER,)
    all_away = org(away=(QIFA_HEAD, QIFA_OFFICER, QIFA_MEMBER))
    assert told(Target.SUPERVISORS, all_away).people == (QIFA_HEAD, QIFA_OFFICER, QIFA_MEMBER)


def test_it_says_so_when_nobody_is_left() -> None:
    nobody = Org({}, SUPERIORS, supervising=QIFA, management=BOARD)

    with pytest.raises(NobodyLeft) as left:
        told(Target.HEAD, nobody)
    assert left.value.skipped[0] == Skip(Target.HEAD, ENTERPRISE, None, Why.MISSING)


def test_it_tells_the_supervisors_even_for_a_step_that_names_nobody() -> None:
    assert resolve([], org(), Case(ENTERPRISE)).people == (QIFA_HEAD, QIFA_OFFICER)


def test_it_ends_where_superiors_run_in_a_circle() -> None:
    circle = Org({QIFA_HEAD: PEOPLE[QIFA_HEAD]}, {ENTERPRISE: MARKETING, MARKETING: ENTERPRISE}, supervising=QIFA)

    assert told(Target.HEAD, circle).people == (QIFA_HEAD,)


def test_it_reports_the_supervisors_own_lateness_to_their_superior() -> None:
    """Rule 13: the superior of 企发部 is 总裁办, of a channel the market department that manages it."""
    assert told(Target.PARENT_HEAD, unit=QIFA).people == (OFFICE_HEAD,)
    assert told(Target.PARENT_HEAD, unit=BRANCH).people == (ENTERPRISE_HEAD,)


def test_it_remembers_what_it_found() -> None:
    company = org()

    assert company.recipients((Target.HEAD,), Case(ENTERPRISE)) is company.recipients((Target.HEAD,), Case(ENTERPRISE))


def test_it_names_the_gaps_of_the_organisation_before_they_hurt() -> None:
    assert gaps(org(), SUPERIORS) == ()

    found = gaps(org(BOSS, SERVICE_HEAD), SUPERIORS)

    assert {(gap.unit, gap.target) for gap in found} >= {(SERVICE, Target.HEAD), (SERVICE, Target.PARENT_HEAD)}
    assert (BRANCH, Target.HEAD) not in {(gap.unit, gap.target) for gap in found}
    nobody = gaps(Org({}, SUPERIORS, supervising=QIFA), [SERVICE])
    assert {gap.target for gap in nobody if gap.nobody} == set(Target)
