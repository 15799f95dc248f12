"""Dense, conflicting evidence: few people, few identifiers, many sightings of each, humans who disagree."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from profiles.identity.evidence import JoinKey, Marking, Node, Passed, Ruling, Seen, epoch_of, epochs
from profiles.identity.partition import earliest, open_sightings
from profiles.identity.policy import KindRule, Policy
from profiles.identity.shared import SharedEpochs, shared_epochs
from profiles.identity.verbs import Case

START = datetime(2026, 1, 1, tzinfo=UTC)
NODES: list[Node] = [("line", f"n{n}", "proved", 0) for n in range(7)]
AGE = {node: age for age, node in enumerate([*NODES[3:], *NODES[:3]])}
PHONES: list[JoinKey] = [("phone", "", f"+4915127784{n}31") for n in range(4)]
EMAILS: list[JoinKey] = [("email", "", f"{name}@lindhaus.de") for name in ("mira", "tomas")]
CUSTOMERS: list[JoinKey] = [("customer_id", scope, f"K-58{n}2") for scope in ("shop", "till") for n in range(3)]
USERS: list[JoinKey] = [("whatsapp_user", scope, f"DE.77{n}") for scope, n in (("p", 1), ("p", 2), ("p", 3), ("q", 1))]
VISITORS: list[JoinKey] = [("visitor", "site", f"v-8c{n}") for n in range(2)]
ORDERS: list[JoinKey] = [("order", "shop", "A-2207")]
WORTHLESS: list[JoinKey] = [("email", "", "info@lindhaus.de"), ("customer_id", "shop", "null")]
IDENTIFIERS = [*PHONES, *EMAILS, *CUSTOMERS, *USERS, *VISITORS, *ORDERS, *WORTHLESS]

#: As the default, but with limits that little evidence reaches.
STRICT = Policy(
    version=2,
    rules={
        **Policy().rules,
        "whatsapp_user": KindRule(most=1),
        "phone": KindRule(most=2, shared_at=2),
        "visitor": KindRule(most=1, shared_at=2, each_epoch=True),
    },
)


def law(examples: int) -> Any:
    """Settings of one law: so many examples; HYPOTHESIS_TIMES=100 makes a deep run of a hundred times as many."""
    times = float(os.environ.get("HYPOTHESIS_TIMES", "1"))
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(max_examples=int(examples * times), deadline=None, suppress_health_check=slow)


hours = st.integers(0, 9).map(lambda n: START + timedelta(hours=n))
nodes = st.sampled_from(NODES)
pairs = st.permutations(NODES).map(lambda shuffled: (shuffled[0], shuffled[1]))
grades = st.sampled_from(["proved", "proved", "proved", "proved", "weak", "decided", "claimed"])
#: A phone, a customer id and an e-mail are what most conflicts are made of.
identifiers = st.one_of(*map(st.sampled_from, (PHONES, CUSTOMERS, EMAILS, IDENTIFIERS)))
seen = st.builds(Seen, nodes, identifiers, grades, hours)
#: A list is mostly five longer than it must be: long ones have to be asked for.
sightings = st.one_of(st.lists(seen, min_size=14, max_size=30), st.lists(seen, max_size=8)).map(tuple)
boundaries = st.lists(st.builds(Passed, identifiers, hours), max_size=3).map(tuple)
made = st.integers(0, 3)
aliases = st.one_of(
    st.just(frozenset()),
    *(st.frozensets(st.sampled_from(values), min_size=2, max_size=3) for values in (CUSTOMERS[:3], CUSTOMERS, PHONES)),
)
rulings = st.builds(
    lambda same, pair, at, alike: Ruling(same, *pair, at, alike if same else frozenset()),
    st.booleans(),
    pairs,
    made,
    aliases,
)
statuses = st.sampled_from(["normal", "generic", "blocked"])
markings = st.builds(Marking, st.sampled_from([*PHONES, *EMAILS, *CUSTOMERS, *WORTHLESS]), statuses, made)
decisions = st.lists(st.one_of(rulings, rulings, markings), max_size=7).map(tuple)
policies = st.sampled_from([Policy(), STRICT])


def cases(**given: Any) -> st.SearchStrategy[Case]:
    """Everything at once, except what is given."""
    parts = {
        "sightings": sightings,
        "boundaries": boundaries,
        "decisions": decisions,
        "policy": policies,
        "nodes": st.just(tuple(NODES)),
    }
    return st.builds(Case, **{**parts, **given})


def block_of(blocks: Any, node: Node) -> frozenset[Node]:
    return next(block for block in blocks if node in block)


def blocks_of(case: Case) -> set[frozenset[Node]]:
    return set(case.partition().blocks)


def open_of(case: Case) -> list[Seen]:
    """The sightings that may join, whatever decisions then say."""
    return open_sightings(case.sightings, epochs(case.boundaries), case.decisions, case.policy, case.shared)


def epoch(case: Case, sighting: Seen) -> datetime:
    return epoch_of(epochs(case.boundaries).get(sighting.identifier, ()), sighting.occurred_at)


def shared_in(case: Case) -> SharedEpochs:
    """What is shared by all the evidence, for whoever holds only part of it."""
    started = epochs(case.boundaries)
    markings = [decision for decision in case.decisions if isinstance(decision, Marking)]
    return shared_epochs(earliest(case.sightings, started, case.policy), started, case.policy, markings)


def with_decisions(case: Case, *more: Ruling | Marking) -> Case:
    return replace(case, decisions=case.decisions + more)
