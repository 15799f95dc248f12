"""The state of the hub as plain values, to be compared before and after."""

from typing import Any

from profiles.models import Boundary, ChannelIdentity, Decision, Identifier, Sighting, Trait
from profiles.reading import describe
from timeline.models import Entry, QueueRow
from timeline.work.reading import work_of


def partition(*, void: bool = True) -> dict[int, int]:
    """The profile of each channel identity."""
    rows = ChannelIdentity.objects.order_by("id")
    return dict((rows if void else rows.filter(void_in=None)).values_list("id", "profile_id"))


def timelines() -> dict[int, list[tuple[Any, ...]]]:
    """What stands on each profile's timeline, lines about identity apart."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    rows = Entry.objects.exclude(kind="identity").order_by("occurred_at", "id")
    for profile_id, *entry in rows.values_list(
        "channel_identity__profile_id",
        "id",
        "channel_identity_id",
        "occurred_at",
        "text",
        "detail",
        "delivery",
        "provider_message_id",
        "recorded_at",
        "sender_grade",
    ):
        found.setdefault(profile_id, []).append(tuple(entry))
    return found


def snapshot() -> dict[str, Any]:
    """Everything that an undo must bring back; void channel identities count as what they lead to."""
    homes = {pk: void_in or pk for pk, void_in in ChannelIdentity.objects.values_list("id", "void_in_id")}
    current = sorted(set(partition(void=False).values()))
    return {
        "partition": partition(void=False),
        "timelines": timelines(),
        "evidence": _evidence(homes),
        "statuses": list(Identifier.objects.order_by("id").values_list("id", "status", "shared_epochs")),
        "boundaries": sorted(
            Boundary.objects.filter(withdrawn_by=None).values_list("account_id", "address", "starts_at")
        ),
        "decisions": sorted(Decision.objects.filter(retracted_by=None).values_list("id", flat=True)),
        "traits": _traits(homes),
        "queue": list(QueueRow.objects.order_by("profile_id").values()),
        "work": {pk: work_of(pk) for pk in current},
        "shown": {pk: _shown(pk) for pk in current},
    }


def _shown(profile_id: int) -> Any:
    view = describe(profile_id)
    assert view is not None
    traits = {trait.name: (trait.value, trait.alternates) for trait in view.traits}
    return view.display_name, view.channel_identities, view.identifiers, traits, view.consents


def _traits(homes: dict[int, int]) -> dict[tuple[Any, ...], Any]:
    """Each value told, with when it was first and last told."""
    found: dict[tuple[Any, ...], Any] = {}
    rows = Trait.objects.filter(withdrawn_by=None)
    for identity, name, value, source, first, last in rows.values_list(
        "channel_identity_id", "name", "value", "source", "first_seen", "last_seen"
    ):
        place = (homes[identity], name, value, source)
        earlier, later = found.get(place, (first, last))
        found[place] = (min(first, earlier), max(last, later))
    return found


def _evidence(homes: dict[int, int]) -> dict[tuple[Any, ...], Any]:
    """The earliest sighting of each identifier with each channel identity at each grade, and whether it stands."""
    found: dict[tuple[Any, ...], Any] = {}
    for identity, identifier, grade, at, withdrawn_by in Sighting.objects.values_list(
        "channel_identity_id", "identifier_id", "grade", "occurred_at", "withdrawn_by_id"
    ):
        place = (homes[identity], identifier, grade, withdrawn_by is None)
        found[place] = min(at, found.get(place, at))
    return found
