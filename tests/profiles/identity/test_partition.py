"""The laws of the partition, each as a property over random evidence."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.identity.evidence import JoinKey, Marking, Node, Passed, Ruling, Seen
from profiles.identity.partition import Partition, resolve

START = datetime(2026, 1, 1, tzinfo=UTC)
NODES: list[Node] = [(n,) for n in range(7)]
IDENTIFIERS: list[JoinKey] = [
    ("phone", "", "+16505550101"),
    ("phone", "", "+16505550102"),
    ("whatsapp_user", "p", "US.1"),
    ("email", "", "a@firma.de"),
    ("customer_id", "shop", "c1"),
    ("customer_id", "shop", "c2"),
    ("order", "shop", "o1"),
]

times = st.integers(0, 9).map(lambda n: START + timedelta(hours=n))
sightings = st.lists(
    st.builds(
        Seen,
        st.sampled_from(NODES),
        st.sampled_from(IDENTIFIERS),
        st.sampled_from(["decided", "proved", "weak", "claimed"]),
        times,
    ),
    max_size=14,
)
boundaries = st.lists(st.builds(Passed, st.sampled_from(IDENTIFIERS[:3]), times), max_size=2)
pairs = st.sampled_from([(a, b) for a in NODES for b in NODES if a < b])
rulings = st.lists(st.builds(lambda same, pair: Ruling(same, *pair), st.booleans(), pairs), max_size=4)
evidence = st.tuples(sightings, boundaries, rulings)
Evidence = tuple[list[Seen], list[Passed], list[Ruling]]


def partition(given_evidence: Evidence) -> Partition:
    return resolve(*given_evidence, nodes=NODES)


def block_of(result: Partition, node: Node) -> frozenset[Node]:
    return next(block for block in result.blocks if node in block)


@settings(max_examples=400, deadline=None)
@given(evidence, st.integers())
def test_any_order_and_any_repetition_give_the_same_partition(given_evidence: Evidence, seed: int) -> None:
    shuffled = tuple(part + part[:3] for part in given_evidence)
    for part in shuffled:
        random.Random(seed).shuffle(part)
    assert partition(shuffled) == partition(given_evidence)  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(evidence)
def test_different_and_limits_hold_in_every_block(given_evidence: Evidence) -> None:
    result = partition(given_evidence)
    decided_same = {frozenset((r.one, r.other)) for r in given_evidence[2] if r.same}
    for ruling in given_evidence[2]:
        if not ruling.same:
            assert ruling.other not in block_of(result, ruling.one)
    if not decided_same:
        for block in result.blocks:
            ids = {
                s.identifier[2]
                for s in given_evidence[0]
                if s.node in block and s.identifier[0] == "customer_id" and s.grade in ("decided", "proved")
            }
            # One channel identity may itself carry two ids: that is a conflict on it, never a reason to join more.
            carried = [
                {
                    s.identifier[2]
                    for s in given_evidence[0]
                    if s.node == n and s.identifier[0] == "customer_id" and s.grade in ("decided", "proved")
                }
                for n in block
            ]
            assert len(ids) <= max(1, max(map(len, carried)))


@settings(max_examples=300, deadline=None)
@given(evidence)
def test_every_channel_identity_is_in_exactly_one_block(given_evidence: Evidence) -> None:
    members = [node for block in partition(given_evidence).blocks for node in block]
    assert sorted(members) == NODES


@settings(max_examples=300, deadline=None)
@given(evidence)
def test_claims_and_orders_join_nobody(given_evidence: Evidence) -> None:
    seen, passed, decided = given_evidence
    kept = [s for s in seen if s.grade != "claimed" and s.identifier[0] != "order"]
    assert partition((kept, passed, decided)).blocks == partition(given_evidence).blocks


@settings(max_examples=300, deadline=None)
@given(sightings, pairs)
def test_different_between_two_never_cuts_a_third_from_both(seen: list[Seen], pair: tuple[Node, Node]) -> None:
    """Whoever shared a block with them is still with one of the two, unless tied through the other alone."""
    before = partition((seen, [], []))
    one, other = pair
    if other not in block_of(before, one):
        return
    after = partition((seen, [], [Ruling(False, one, other)]))
    for third in block_of(before, one) - {one, other}:
        direct = {s.identifier for s in seen if s.node == third and s.grade != "claimed"}
        shared_with_one = direct & {s.identifier for s in seen if s.node == one and s.grade != "claimed"}
        shared_with_other = direct & {s.identifier for s in seen if s.node == other and s.grade != "claimed"}
        joining = {i for i in shared_with_one & shared_with_other if i[0] != "order"}
        if joining:
            assert third in block_of(after, one) | block_of(after, other)


def test_sightings_on_either_side_of_a_boundary_do_not_join() -> None:
    phone = IDENTIFIERS[0]
    seen = [Seen((n,), phone, "proved", START + timedelta(hours=n)) for n in range(4)]
    result = resolve(seen, [Passed(phone, START + timedelta(hours=2))])
    assert result.blocks == (frozenset({(0,), (1,)}), frozenset({(2,), (3,)}))


def test_held_tie_says_why() -> None:
    user = ("whatsapp_user", "portfolio", "US.1")
    seen = [
        Seen((0,), user, "proved", START),
        Seen((1,), user, "proved", START),
        Seen((0,), ("customer_id", "shop", "c1"), "proved", START),
        Seen((1,), ("customer_id", "shop", "c2"), "proved", START),
    ]
    [held] = resolve(seen).held
    assert (held.one, held.other, held.identifier, held.because) == ((0,), (1,), user, "limit:customer_id")
    assert resolve(seen, [], [Ruling(True, (0,), (1,))]).blocks == (frozenset({(0,), (1,)}),)


def test_channel_identity_with_nothing_but_a_claim_is_a_person_too() -> None:
    claim = Seen((0,), IDENTIFIERS[0], "claimed", START)
    assert resolve([claim]).blocks == (frozenset({(0,)}),)


def test_of_two_markings_of_one_operation_the_stricter_counts_in_any_order() -> None:
    phone = IDENTIFIERS[0]
    seen = [Seen((n,), phone, "proved", START) for n in range(2)]
    markings = [Marking(phone, "normal"), Marking(phone, "generic"), Marking(phone, "blocked")]
    for order in (markings, markings[::-1]):
        assert len(resolve(seen, [], order).blocks) == 2


def test_which_side_a_ruling_names_first_is_no_matter() -> None:
    """Of one operation two *same* and a *different* cannot all hold: which one is held must not hang on spelling."""
    ties = [Ruling(True, (0,), (2,)), Ruling(True, (1,), (2,)), Ruling(False, (0,), (1,))]
    turned = [Ruling(ruling.same, ruling.other, ruling.one) for ruling in ties]
    mixed = [ties[0], turned[1], ties[2]], [turned[0], ties[1], turned[2]]
    assert {resolve([], [], each).blocks for each in (ties, turned, *mixed)} == {resolve([], [], ties).blocks}


def test_aliases_of_two_scopes_in_one_ruling_lift_the_limit_of_each() -> None:
    """As a merge of two customers writes them who have other ids in the shop and at the till."""
    ids = [[("customer_id", scope, f"K-58{n}") for n in range(2)] for scope in ("shop", "till")]
    seen = [Seen((n,), values[n], "proved", START) for values in ids for n in range(2)]
    later = [Seen((2,), ids[1][1], "proved", START), *(Seen((n,), IDENTIFIERS[3], "proved", START) for n in (0, 2))]
    aliases = frozenset(value for values in ids for value in values)
    result = resolve(seen + later, [], [Ruling(True, (0,), (1,), 1, aliases)])
    assert result.blocks == (frozenset({(0,), (1,), (2,)}),)


def test_placeholder_for_a_customer_id_makes_no_phone_shared() -> None:
    phone = IDENTIFIERS[0]
    ids = [("customer_id", "shop", value) for value in ("null", "K-5802")]
    seen = [Seen((n,), key, "proved", START) for n in range(2) for key in (phone, ids[n])]
    assert resolve(seen).blocks == (frozenset({(0,), (1,)}),)


def test_of_two_limits_the_stronger_kind_is_the_reason() -> None:
    values = [("phone", "", f"+4915127784{n}31") for n in range(6)] + [
        ("whatsapp_user", "p", f"US.{n}") for n in range(4)
    ]
    seen = [Seen((0,), value, "proved", START) for value in values]
    tie = [Seen((1,), value, "proved", START) for value in (values[0], values[6])]
    assert [held.because for held in resolve(seen + tie).held] == ["limit:whatsapp_user", "limit:whatsapp_user"]
