"""Who is one person, by a human's word: merge, unmerge, different; and undoing any operation.

What decisions a verb takes is worked out by `profiles.identity.verbs`; here they are stored.
"""

from collections.abc import Collection, Iterable, Mapping

from profiles.components import Component, DecisionRow, alias_of
from profiles.identity import verbs
from profiles.identity.evidence import Node, Ruling
from profiles.models import Decision, Operation, Retraction, StaffMember, Trait, TraitChoice
from profiles.operations import Done, Scope, VerbRefusedError, Wrote, members, perform

_NOT_HERE = "some of these channel identities are not this customer's now; load the page again"


def merge(
    profile_id: int,
    other_id: int,
    *,
    actor: StaffMember,
    reason: str = "",
    choices: Mapping[str, int] | None = None,
    verb: str = Operation.Verb.MERGE,
) -> Done:
    """The two profiles are one person; the one with the older id survives, the other id leads there.

    `choices` names for a trait the row whose value is shown from now on. Merging a profile with itself, or twice, does
    nothing. Raises UnknownProfileError, VerbRefusedError for a choice that is not one of the two profiles'.
    """
    one, other = members(profile_id, other_id)
    chosen = _chosen(choices or {}, [*one, *other])

    def write(component: Component, operation: Operation) -> Wrote:
        sides = _block_of(component, profile_id), _block_of(component, other_id)
        try:
            change = verbs.merge(_case(component), *sides, age=_ages(component))
        except verbs.VerbError as error:  # the rules changed and the rebuild has not come here yet
            raise VerbRefusedError(str(error)) from error
        _store(component, operation, change)
        if change:
            TraitChoice.objects.bulk_create(TraitChoice(operation=operation, trait=trait) for trait in chosen)
        return Wrote.DECISIONS if change else Wrote.NOTHING

    return perform(
        verb,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched={*one, *other}),
        write=write,
        about=[one[0], other[0]],
        detail={"one": one, "other": other},
    )


def unmerge(profile_id: int, channel_identities: Collection[int], *, actor: StaffMember, reason: str = "") -> Done:
    """The channel identities are another person than the rest of the profile, for good; each part keeps together.

    Raises UnknownProfileError, VerbRefusedError when they are none or all of it, or not on this profile now.
    """
    [mine] = members(profile_id)
    part = set(channel_identities)

    def write(component: Component, operation: Operation) -> Wrote:
        block = _block_of(component, profile_id)
        nodes = frozenset(_node(component, pk) for pk in part)
        if not nodes <= block:
            raise VerbRefusedError(_NOT_HERE)
        try:
            change = verbs.separate(_case(component), block, nodes, age=_ages(component))
        except verbs.VerbError as error:
            raise VerbRefusedError(str(error)) from error
        _store(component, operation, change)
        return Wrote.DECISIONS if change else Wrote.NOTHING

    if not part <= set(mine):
        raise VerbRefusedError(_NOT_HERE)
    rest = [pk for pk in mine if pk not in part]
    return perform(
        Operation.Verb.UNMERGE,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched=set(mine)),
        write=write,
        about=[*rest[:1], *sorted(part)[:1]],
        detail={"one": rest, "other": sorted(part)},
    )


def tell_apart(profile_id: int, other_id: int, *, actor: StaffMember, reason: str = "") -> Done:
    """The two profiles are different people, whatever evidence says that they are one. Raises UnknownProfileError."""
    one, other = members(profile_id, other_id)

    def write(component: Component, operation: Operation) -> Wrote:
        blocks = _block_of(component, profile_id), _block_of(component, other_id)
        if blocks[0] == blocks[1]:
            raise VerbRefusedError("they are one customer now; unmerge what belongs to somebody else")
        ages = _ages(component)
        pair = [min(block, key=ages.__getitem__) for block in blocks]
        _store(component, operation, verbs.Change((Ruling(False, pair[0], pair[1]),), ()))
        return Wrote.DECISIONS

    return perform(
        Operation.Verb.DECIDE,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched={*one, *other}),
        write=write,
        about=[one[0], other[0]],
        detail={"one": one, "other": other, "verdict": Decision.Verdict.DIFFERENT},
    )


def _case(component: Component) -> verbs.Case:
    return verbs.Case(
        sightings=tuple(component.sightings()),
        boundaries=tuple(component.boundaries()),
        decisions=(*component.rulings(), *component.markings()),
        policy=component.policy,
        nodes=tuple(component.nodes.values()),
        shared={},  # what is closed was left out
    )


def _node(component: Component, channel_identity_id: int) -> Node:
    return component.nodes[component.voids.get(channel_identity_id, channel_identity_id)]


def _ages(component: Component) -> dict[Node, int]:
    """By row, and a channel identity is as old as the oldest void one it stands for."""
    ages = {node: pk for pk, node in component.nodes.items()}
    for void, standing in component.voids.items():
        node = component.nodes[standing]
        ages[node] = min(ages[node], void)
    return ages


def _block_of(component: Component, profile_id: int) -> frozenset[Node]:
    """The channel identities of the profile that the id leads to, under the locks."""
    current = component.profile_of[profile_id]
    return frozenset(_node(component, pk) for pk, profile in component.profile_of.items() if profile == current)


def _store(component: Component, operation: Operation, change: verbs.Change) -> None:
    """The decisions are stored and taken back, in the database and in the component."""
    ids = {node: pk for pk, node in component.nodes.items()}
    taken = {(r.same, r.one, r.other, r.made) for r in change.retracted}
    retracted = [
        row.id
        for row in component.decisions.values()
        if taken & {(row.is_same, *pair, row.operation_id) for pair in _pairs(component, row.one, row.other)}
    ]
    if retracted:
        Retraction.objects.bulk_create(Retraction(operation=operation, decision_id=pk) for pk in retracted)
        Decision.objects.filter(id__in=retracted).update(retracted_by=operation)
    for pk in retracted:
        del component.decisions[pk]
    written = Decision.objects.bulk_create(_decisions(operation, change.rulings, ids))
    component.add(
        DecisionRow(row.pk, operation.pk, row.verdict == Decision.Verdict.SAME, row.one_id, row.other_id, row.aliases)
        for row in written
    )


def _pairs(component: Component, one: int, other: int) -> list[tuple[Node, Node]]:
    pair = (_node(component, one), _node(component, other))
    return [pair, pair[::-1]]


def _decisions(operation: Operation, rulings: Iterable[Ruling], ids: Mapping[Node, int]) -> Iterable[Decision]:
    for ruling in rulings:
        one, other = sorted((ids[ruling.one], ids[ruling.other]))
        yield Decision(
            operation=operation,
            verdict=Decision.Verdict.SAME if ruling.same else Decision.Verdict.DIFFERENT,
            one_id=one,
            other_id=other,
            aliases=sorted(alias_of(key) for key in ruling.aliases),
        )


def _chosen(choices: Mapping[str, int], channel_identity_ids: Collection[int]) -> list[Trait]:
    """The chosen trait rows. Raises VerbRefusedError for one that is not of these profiles, or of another name."""
    rows = Trait.objects.filter(id__in=choices.values(), channel_identity_id__in=channel_identity_ids)
    found = {trait.pk: trait for trait in rows}
    for name, pk in choices.items():
        if pk not in found or found[pk].name != name:
            raise VerbRefusedError(f"the choice for {name} is not a value of these two customers")
    return list(found.values())
