"""What decisions and limits promise: they hold, yield only to later words, and cut nobody off without need."""

from collections.abc import Collection
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from profiles.identity.evidence import JoinKey, Node, Ruling
from profiles.identity.policy import KindRule, Policy
from profiles.identity.verbs import Case
from tests.profiles.identity.naive import Evidence
from tests.profiles.identity.strategies import (
    AGE,
    block_of,
    blocks_of,
    cases,
    epoch,
    law,
    open_of,
    pairs,
    rulings,
    with_decisions,
)

FREE = Policy(rules={kind: KindRule(joins_at=rule.joins_at) for kind, rule in Policy().rules.items()})
ids_only = st.lists(rulings, max_size=7).map(tuple)


def called_same(case: Case, after: int = -1) -> list[set[Node]]:
    """The sets of channel identities that *same* decisions made after that tie, whatever else was decided."""
    groups: list[set[Node]] = [{node} for node in case.nodes]
    for ruling in case.rulings:
        if ruling.same and ruling.made > after:
            one, other = (next(g for g in groups if node in g) for node in (ruling.one, ruling.other))
            if one is not other:
                groups.remove(other)
                one |= other
    return groups


def values_of(case: Case, block: Collection[Node]) -> dict[tuple[str, str], set[JoinKey]]:
    """What of each limited kind and scope the block has, aliases counted once: those of merges that still hold."""
    evidence = Evidence(case)
    has: dict[tuple[str, str], set[JoinKey]] = {}
    for seen in open_of(case):
        if seen.node in block and case.policy.most(seen.identifier[0]) is not None:
            has.setdefault(seen.identifier[:2], set()).add(min(evidence.same_values(seen.identifier)))
    return has


def objection(case: Case, one: frozenset[Node], other: frozenset[Node]) -> str:
    """What speaks against making one person of two."""
    if any(not r.same and {r.one, r.other} & one and {r.one, r.other} & other for r in case.rulings):
        return "different"
    ours, theirs = values_of(case, one), values_of(case, other)
    exceeded = [key for key in ours.keys() & theirs.keys() if len(ours[key] | theirs[key]) > case.policy.most(key[0])]
    return "limit" if exceeded else ""


@law(100)
@given(cases())
def test_different_holds_unless_people_later_said_same(case: Case) -> None:
    blocks = blocks_of(case)
    for ruling in case.rulings:
        if not ruling.same and ruling.other in block_of(blocks, ruling.one):
            assert ruling.other in next(g for g in called_same(case, after=ruling.made) if ruling.one in g)


@law(100)
@given(cases())
def test_latest_word_holds(case: Case) -> None:
    """What the last operation says without contradicting itself is so."""
    latest = [ruling for ruling in case.rulings if ruling.made == max(r.made for r in case.rulings)]
    if len({ruling.same for ruling in latest}) == 1:
        for ruling in latest:
            assert (ruling.other in block_of(blocks_of(case), ruling.one)) == ruling.same


@law(100)
@given(cases())
def test_limits_hold_unless_people_said_same(case: Case) -> None:
    """More than the limit is only what one channel identity, or what people called the same, had by itself."""
    for block in case.partition().blocks:
        for key, values in values_of(case, block).items():
            if len(values) > (case.policy.most(key[0]) or 0):
                cores = [group & block for group in called_same(case)]
                assert any(values_of(case, core).get(key, set()) >= values for core in cores)


@law(100)
@given(cases())
def test_whoever_is_tied_and_yet_apart_has_a_reason(case: Case) -> None:
    """No tie is left out that could be taken, and every tie left out is reported."""
    blocks = blocks_of(case)
    reported = {frozenset((block_of(blocks, tie.one), block_of(blocks, tie.other))) for tie in case.partition().held}
    joining = open_of(case)
    for at, later in enumerate(joining):
        for earlier in joining[:at]:
            one, other = block_of(blocks, earlier.node), block_of(blocks, later.node)
            if earlier.identifier == later.identifier and epoch(case, earlier) == epoch(case, later) and one != other:
                assert objection(case, one, other)
                assert frozenset((one, other)) in reported


@law(100)
@given(cases(policy=st.just(FREE), decisions=st.just(())), pairs)
def test_different_between_two_never_cuts_a_third_from_both(case: Case, pair: tuple[Node, Node]) -> None:
    blocks = blocks_of(with_decisions(case, Ruling(False, *pair, 1)))
    joining = open_of(case)
    places = {(seen.identifier, epoch(case, seen)) for seen in joining if seen.node in pair}
    either = block_of(blocks, pair[0]) | block_of(blocks, pair[1])
    for seen in joining:
        if (seen.identifier, epoch(case, seen)) in places:
            assert seen.node in either


@law(100)
@given(cases(), pairs)
def test_telling_two_persons_apart_who_are_apart_changes_no_block(case: Case, pair: tuple[Node, Node]) -> None:
    before = blocks_of(case)
    one, other = (block_of(before, node) for node in pair)
    if one != other:
        eldest = [min(block, key=AGE.__getitem__) for block in (one, other)]
        assert blocks_of(with_decisions(case, Ruling(False, *eldest, 9))) == before


@law(100)
@given(cases())
def test_decisions_alone_need_no_evidence(case: Case) -> None:
    """Every *same* that no other word contradicts makes one person of the two, limits or not."""
    if all(ruling.same for ruling in case.rulings):
        blocks = blocks_of(case)
        assert all(ruling.other in block_of(blocks, ruling.one) for ruling in case.rulings)
        bare = replace(case, sightings=())
        assert blocks_of(bare) == {frozenset(group) for group in called_same(case)}
