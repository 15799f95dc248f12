"""Merge and unmerge do exactly what was asked and touch nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from profiles.identity.evidence import Node, Seen
from profiles.identity.verbs import Block, Case, Change, VerbError, merge, separate
from tests.profiles.identity.strategies import (
    AGE,
    CUSTOMERS,
    NODES,
    PHONES,
    START,
    block_of,
    blocks_of,
    cases,
    law,
    open_of,
    pairs,
    seen,
    shared_in,
)
from tests.profiles.identity.test_laws import closure

picks = st.sets(st.sampled_from(NODES), min_size=1)


def two_blocks(case: Case, pair: tuple[Node, Node]) -> tuple[Block, Block]:
    blocks = blocks_of(case)
    return block_of(blocks, pair[0]), block_of(blocks, pair[1])


def block_and_part(case: Case, picked: set[Node]) -> tuple[Block, Block]:
    """The biggest block that the picked ones are some but not all of."""
    block = max(
        blocks_of(case), key=lambda each: (bool(each & picked) and bool(each - picked), len(each), sorted(each))
    )
    assume(block & picked and block - picked)
    return block, block & picked


@law(100)
@given(cases(), pairs)
def test_merge_gives_exactly_the_union(case: Case, pair: tuple[Node, Node]) -> None:
    before = blocks_of(case)
    one, other = two_blocks(case, pair)
    change = merge(case, one, other, age=AGE)
    assert blocks_of(case.after(change)) == before - {one, other} | {one | other}
    assert bool(change) == (one != other)
    assert not any(not r.same and r.one in one | other and r.other in one | other for r in change.rulings)
    assert change.rulings == () or {ruling.made for ruling in change.rulings} == {case.made_next}
    assert not merge(case.after(change), one, other, age=AGE)
    assert not merge(case, one, one, age=AGE)


@law(100)
@given(cases(), picks)
def test_separate_gives_exactly_the_part_and_the_rest(case: Case, picked: set[Node]) -> None:
    before = blocks_of(case)
    block, part = block_and_part(case, picked)
    change = separate(case, block, part, age=AGE)
    assert blocks_of(case.after(change)) == before - {block} | {part, block - part}
    assert not separate(case.after(change), block, part, age=AGE)


@law(60)
@given(cases(), pairs)
def test_merge_then_separate_is_as_before(case: Case, pair: tuple[Node, Node]) -> None:
    one, other = two_blocks(case, pair)
    assume(one != other)
    merged = case.after(merge(case, one, other, age=AGE))
    assert blocks_of(merged.after(separate(merged, one | other, other, age=AGE))) == blocks_of(case)


@law(60)
@given(cases(), picks)
def test_separate_then_merge_is_as_before(case: Case, picked: set[Node]) -> None:
    block, part = block_and_part(case, picked)
    apart = case.after(separate(case, block, part, age=AGE))
    assert blocks_of(apart.after(merge(apart, part, block - part, age=AGE))) == blocks_of(case)


@law(60)
@given(cases(), pairs)
def test_which_of_two_is_merged_into_the_other_is_no_matter(case: Case, pair: tuple[Node, Node]) -> None:
    one, other = two_blocks(case, pair)
    there, back = (merge(case, *sides, age=AGE) for sides in ((one, other), (other, one)))
    assert set(there.retracted) == set(back.retracted)
    assert {(r.same, frozenset((r.one, r.other)), r.aliases) for r in there.rulings} == {
        (r.same, frozenset((r.one, r.other)), r.aliases) for r in back.rulings
    }


@law(60)
@given(cases(), pairs)
def test_the_closure_of_both_sides_is_enough_to_merge(case: Case, pair: tuple[Node, Node]) -> None:
    one, other = two_blocks(case, pair)
    change = merge(closure(case, {*pair}), one, other, age=AGE)
    assert blocks_of(case.after(change)) == blocks_of(case) - {one, other} | {one | other}


@law(60)
@given(cases(), picks)
def test_the_closure_of_a_block_is_enough_to_separate(case: Case, picked: set[Node]) -> None:
    block, part = block_and_part(case, picked)
    change = separate(closure(case, set(block)), block, part, age=AGE)
    assert blocks_of(case.after(change)) == blocks_of(case) - {block} | {part, block - part}


@law(60)
@given(cases(), picks, st.lists(seen, max_size=12))
def test_no_later_evidence_moves_anybody_across_an_unmerge(case: Case, picked: set[Node], later: list[Seen]) -> None:
    block, part = block_and_part(case, picked)
    apart = case.after(separate(case, block, part, age=AGE))
    blocks = replace(apart, sightings=(*apart.sightings, *later)).partition().blocks
    one, other = block_of(blocks, min(part)), block_of(blocks, min(block - part))
    assert part <= one
    assert block - part <= other
    assert one != other


@law(60)
@given(cases(), pairs)
def test_merge_retracts_what_people_said_against_it_and_nothing_else(case: Case, pair: tuple[Node, Node]) -> None:
    one, other = two_blocks(case, pair)
    assume(one != other)
    against = {r for r in case.rulings if not r.same and {r.one, r.other} & one and {r.one, r.other} & other}
    assert set(merge(case, one, other, age=AGE).retracted) == against


@law(60)
@given(cases(), picks)
def test_unmerge_retracts_what_people_said_against_it_and_nothing_else(case: Case, picked: set[Node]) -> None:
    block, part = block_and_part(case, picked)
    against = {r for r in case.rulings if r.same and {r.one, r.other} <= block and len({r.one, r.other} & part) == 1}
    assert set(separate(case, block, part, age=AGE).retracted) == against


def assert_later_messages_find(case: Case, block: Block) -> None:
    """Whoever comes with a customer id that only this person has is this person."""
    for value in CUSTOMERS:
        having = {each.node for each in open_of(case) if each.identifier == value}
        if having and having <= block:
            later = Seen(("line", "later", "proved", 0), value, "proved", START + timedelta(days=1))
            after = replace(case, sightings=(*case.sightings, later))
            assert block | {later.node} in blocks_of(after)


@law(60)
@given(cases(boundaries=st.just(())), pairs)
def test_what_comes_later_to_a_merged_person_finds_it(case: Case, pair: tuple[Node, Node]) -> None:
    one, other = two_blocks(case, pair)
    assume(one != other)
    assert_later_messages_find(case.after(merge(case, one, other, age=AGE)), one | other)


@law(60)
@given(cases(boundaries=st.just(())), picks)
def test_what_comes_later_to_the_sides_of_an_unmerge_finds_them(case: Case, picked: set[Node]) -> None:
    block, part = block_and_part(case, picked)
    apart = case.after(separate(case, block, part, age=AGE))
    for side in (part, block - part):
        if len(side) > 1:  # one alone may itself be a conflict, and of that nobody said anything
            assert_later_messages_find(apart, side)


@law(50)
@given(cases(), pairs)
def test_what_is_shared_is_the_same_after_a_verb(case: Case, pair: tuple[Node, Node]) -> None:
    """So that whoever holds part of the evidence may pass on what was shared before."""
    assert shared_in(case.after(merge(case, *two_blocks(case, pair), age=AGE))) == shared_in(case)


def test_side_of_an_unmerge_keeps_the_customer_ids_that_a_merge_had_called_one() -> None:
    first, second, third = NODES[3:6]
    sightings = (Seen(second, CUSTOMERS[0], "proved", START), Seen(third, CUSTOMERS[1], "proved", START))
    case = Case(sightings=sightings, nodes=(first,))
    case = case.after(merge(case, frozenset({first}), frozenset({second}), age=AGE))
    case = case.after(merge(case, frozenset({first, second}), frozenset({third}), age=AGE))
    case = case.after(separate(case, frozenset({first, second, third}), {first}, age=AGE))
    assert blocks_of(case) == {frozenset({first}), frozenset({second, third})}
    assert_later_messages_find(case, frozenset({second, third}))


def test_members_that_are_not_these_now_are_refused() -> None:
    case = Case(nodes=tuple(NODES[:3]), sightings=tuple(Seen(node, PHONES[0], "weak", START) for node in NODES[:2]))
    both, third = frozenset(NODES[:2]), frozenset(NODES[2:3])
    for sides in ((frozenset(NODES[:1]), third), (third, frozenset(NODES[1:2]))):
        with pytest.raises(VerbError, match="as they are now"):
            merge(case, *sides, age=AGE)
    for block, part in (
        (both, []),
        (both, both),
        (both, third),
        (frozenset({NODES[0], NODES[2]}), third),
        (third, both),
    ):
        with pytest.raises(VerbError, match="expected"):
            separate(case, block, part, age=AGE)
    assert not Change()


def test_member_that_a_lifted_limit_ties_to_a_third_person_is_brought_back() -> None:
    """Merging frees the kiosk's customer ids, and those tie the account to the kiosk before the phone is looked at."""
    chat, account, kiosk, till = NODES[3], NODES[0], NODES[1], NODES[6]
    sightings = (
        Seen(chat, PHONES[0], "proved", START),
        Seen(account, PHONES[0], "proved", START),
        Seen(account, CUSTOMERS[0], "proved", START),
        Seen(kiosk, CUSTOMERS[0], "proved", START),
        Seen(kiosk, CUSTOMERS[1], "proved", START),
        Seen(till, CUSTOMERS[1], "proved", START),
    )
    case = Case(sightings=sightings)
    assert blocks_of(case) == {frozenset({chat, account}), frozenset({kiosk}), frozenset({till})}
    change = merge(case, frozenset({chat, account}), frozenset({till}), age=AGE)
    assert blocks_of(case.after(change)) == {frozenset({chat, account, till}), frozenset({kiosk})}
