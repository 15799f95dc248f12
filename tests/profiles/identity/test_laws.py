"""What the partition owes to the evidence: a second implementation agrees; order and repetition do not matter."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from profiles.identity.evidence import Aliases, Marking, Node, Ruling, Seen
from profiles.identity.partition import Partition
from profiles.identity.verbs import Case
from tests.profiles.identity import naive
from tests.profiles.identity.strategies import (
    NODES,
    START,
    block_of,
    blocks_of,
    cases,
    epoch,
    law,
    nodes,
    open_of,
    shared_in,
)


def held(result: Partition) -> dict[frozenset[frozenset[Node]], str]:
    """The first reason for which each pair of final blocks stayed two."""
    reasons: dict[frozenset[frozenset[Node]], str] = {}
    for tie in result.held:
        pair = frozenset((block_of(result.blocks, tie.one), block_of(result.blocks, tie.other)))
        reasons.setdefault(pair, tie.because)
    return reasons


@law(300)
@given(cases())
def test_core_and_naive_implementation_agree(case: Case) -> None:
    blocks, reasons = naive.partition(naive.Evidence(case))
    assert blocks_of(case) == blocks
    assert held(case.partition()) == reasons


@law(150)
@given(cases(), st.randoms(use_true_random=False))
def test_order_repetition_and_direction_are_no_matter(case: Case, random: object) -> None:
    turned = [replace(d, one=d.other, other=d.one) if isinstance(d, Ruling) else d for d in case.decisions[::2]]
    parts = {
        "sightings": [*case.sightings, *case.sightings[::2]],
        "boundaries": [*case.boundaries, *case.boundaries],
        "decisions": [*case.decisions[1::2], *turned, *turned],
        "nodes": [*case.nodes, *case.nodes],
    }
    for part in parts.values():
        random.shuffle(part)  # type: ignore[attr-defined]
    shuffled = replace(case, **{name: tuple(part) for name, part in parts.items()})
    assert blocks_of(shuffled) == blocks_of(case)
    assert held(shuffled.partition()) == held(case.partition())


@law(100)
@given(cases())
def test_seeing_again_later_what_was_seen_changes_nothing(case: Case) -> None:
    again = [replace(seen, occurred_at=seen.occurred_at + timedelta(hours=2)) for seen in case.sightings]
    nothing_new = [
        later
        for seen, later in zip(case.sightings, again, strict=True)
        if not case.policy.each_epoch(seen.identifier[0]) or epoch(case, seen) == epoch(case, later)
    ]
    assert replace(case, sightings=(*nothing_new, *case.sightings)).partition() == case.partition()


@law(100)
@given(cases(), st.sets(nodes))
def test_evidence_taken_back_leaves_no_trace(case: Case, gone: set[Node]) -> None:
    """Of an erased channel identity nothing stays but, with its own line, the channel identity."""
    kept = replace(
        case,
        sightings=tuple(seen for seen in case.sightings if seen.node not in gone),
        decisions=tuple(d for d in case.decisions if isinstance(d, Marking) or not {d.one, d.other} & gone),
    )
    before = kept.partition()
    case.partition()
    never = replace(kept, nodes=tuple(node for node in NODES if node not in gone)).partition()
    assert kept.partition() == before
    assert set(before.blocks) == set(never.blocks) | {frozenset({node}) for node in gone}
    assert before.held == never.held


@law(100)
@given(cases())
def test_claims_and_orders_join_nobody(case: Case) -> None:
    believed = tuple(s for s in case.sightings if s.grade != "claimed" and s.identifier[0] != "order")
    assert replace(case, sightings=believed).partition() == case.partition()


@law(200)
@given(cases())
def test_what_is_closed_is_as_if_never_seen(case: Case) -> None:
    """Generic, blocked, shared and worthless values join nobody: without them all is the same."""
    left = open_of(case)
    opened = {seen.identifier for seen in left}
    words = tuple(d for d in case.decisions if isinstance(d, Ruling) or d.identifier in opened)
    without = replace(case, sightings=tuple(left), decisions=words, shared={})
    assert without.partition() == case.partition()


@law(100)
@given(cases(), st.sampled_from(["generic", "blocked"]))
def test_marked_value_joins_nobody_and_unmarking_restores(case: Case, status: str) -> None:
    values = sorted({seen.identifier for seen in case.sightings})
    for value in values[:3]:
        closed = replace(case, decisions=(*case.decisions, Marking(value, status, 8)))
        assert value not in {seen.identifier for seen in open_of(closed)}
        others = tuple(seen for seen in case.sightings if seen.identifier != value)
        assert closed.partition() == replace(case, sightings=others, shared=shared_in(closed)).partition()
        reopened = replace(closed, decisions=(*closed.decisions, Marking(value, "normal", 9)))
        assert (
            reopened.partition() == replace(case, decisions=(*case.decisions, Marking(value, "normal", 9))).partition()
        )


def closure(case: Case, start: set[Node]) -> Case:
    """All that bears on the start: over open identifiers of the same epoch, rulings and what rulings call one."""
    joining = open_of(case)
    rulings = [d for d in case.decisions if isinstance(d, Ruling)]
    aliases = Aliases(rulings)
    reached = set(start)
    while True:
        mine = [seen for seen in joining if seen.node in reached]
        places = {(seen.identifier, epoch(case, seen)) for seen in mine}
        values = {aliases.of(seen.identifier) for seen in mine}
        near = [r for r in rulings if {r.one, r.other} & reached or {aliases.of(a) for a in r.aliases} & values]
        called_one = {aliases.of(alias) for ruling in near for alias in ruling.aliases}
        more = {
            s.node
            for s in joining
            if (s.identifier, epoch(case, s)) in places or aliases.of(s.identifier) in called_one
        }
        more |= {node for ruling in near for node in (ruling.one, ruling.other)}
        if more <= reached:
            break
        reached |= more
    markings = [d for d in case.decisions if isinstance(d, Marking)]
    return replace(
        case,
        sightings=tuple(seen for seen in case.sightings if seen.node in reached),
        decisions=(*near, *markings),
        nodes=tuple(reached),
        shared=shared_in(case),
    )


@law(250)
@given(cases(), nodes)
def test_the_closure_of_a_channel_identity_gives_its_block(case: Case, node: Node) -> None:
    whole, part = case.partition(), closure(case, {node}).partition()
    block = block_of(whole.blocks, node)
    assert block_of(part.blocks, node) == block
    assert {tie for tie in part.held if block & {tie.one, tie.other}} == {
        tie for tie in whole.held if block & {tie.one, tie.other}
    }


def test_closure_is_a_part() -> None:
    """So that the law above says something."""
    seen = [Seen(NODES[n], ("phone", "", f"+4915127784{n // 2}31"), "proved", START) for n in range(4)]
    assert set(closure(Case(sightings=tuple(seen), nodes=tuple(NODES)), {NODES[0]}).nodes) == set(NODES[:2])
