"""What must hold after every step, whatever was delivered and whatever humans did."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from profiles.components import connected, outcome_of
from profiles.identity.canonical import display_phone
from profiles.identity.values import GRADE_RANK
from profiles.models import (
    Boundary,
    ChannelIdentity,
    Decision,
    Identifier,
    Operation,
    Profile,
    Sighting,
    Trait,
    TraitChoice,
)
from profiles.policies import active_policy
from tests.profiles.truth import Truth, key_of, node
from tests.profiles.work_truth import check_work
from tests.profiles.world import World
from timeline.models import Entry, QueueRow, WorkState
from timeline.reading import timeline_page

#: What is about a person, not about who used an address at the time.
STAYS = ("identity", "work", "note")
TALK = {"message", "order", "payment", "survey"}


def check(world: World) -> None:
    """Every invariant holds."""
    truth = Truth(world)
    check_standing(truth)
    check_homes(truth)
    check_evidence(truth)
    check_statuses(truth)
    check_partition(truth)
    check_decisions(truth)
    check_entries(truth)
    check_timelines()
    check_folds()
    check_queue()
    check_work()
    check_names()


def check_standing(truth: Truth) -> None:
    """What stands is what the log says."""
    assert set(Operation.objects.filter(is_standing=True).values_list("id", flat=True)) == truth.standing
    for row in Decision.objects.all():
        stands = row.operation_id in truth.standing and row.pk not in truth.retracted["decision"]
        assert (row.retracted_by_id is None) == stands, f"decision {row.pk}"
    stored: dict[tuple[int, str], set[datetime]] = defaultdict(set)
    for account_id, address, at in Boundary.objects.filter(withdrawn_by=None).values_list(
        "account_id", "address", "starts_at"
    ):
        stored[account_id, address].add(at)
    wanted = {place: starts for place, starts in truth.starts.items() if starts}
    assert dict(stored) == wanted, f"boundaries: {dict(stored)} are stored, {wanted} should be"


def check_homes(truth: Truth) -> None:
    """A channel identity without a standing boundary is void and leads to the one of the enclosing epoch."""
    by_key = {(seat, start): pk for pk, (seat, start) in truth.seats.items()}
    for pk, void_in in ChannelIdentity.objects.values_list("id", "void_in_id"):
        seat, start = truth.seats[pk]
        home = truth.home_of(pk)
        assert void_in == (None if home == (seat, start) else by_key[home]), f"channel identity {pk}"


def check_evidence(truth: Truth) -> None:
    """The earliest sighting of each identifier with each channel identity at each grade is stored, and no fancies."""
    wanted: dict[Any, datetime] = {}
    for fact in truth.world.facts:
        home = truth.home((fact.account_id, fact.address, fact.standing), fact.at)
        epoch = None
        if fact.kind == "visitor":
            starts = truth.key_starts[key_of(fact.kind, fact.scope, fact.value)]
            epoch = max((s for s in starts if s <= fact.at), default=None)
        place = (node(*home), fact.kind, fact.scope, fact.value, fact.grade, epoch, truth.is_withdrawn(fact))
        wanted[place] = min(fact.at, wanted.get(place, fact.at))
    stored: dict[Any, datetime] = {}
    for row in Sighting.objects.select_related("identifier"):
        at, found = row.occurred_at, row.identifier
        seat, start = truth.seats[row.channel_identity_id]
        home = truth.home_of(row.channel_identity_id)
        assert home == truth.home(seat, at), f"sighting {row.pk} of {at} is with the epoch of {start}"
        epoch = None
        if found.kind == "visitor":
            starts = truth.key_starts[key_of(found.kind, found.scope, found.value)]
            epoch = max((s for s in starts if s <= at), default=None)
        is_withdrawn = row.withdrawn_by_id is not None
        place = (node(*home), found.kind, found.scope, found.value, row.grade, epoch, is_withdrawn)
        stored[place] = min(at, stored.get(place, at))
    missing, odd = wanted.items() - stored.items(), stored.items() - wanted.items()
    assert not missing | odd, f"missing {sorted(map(str, missing))}, odd {sorted(map(str, odd))}"


def check_statuses(truth: Truth) -> None:
    wanted = truth.statuses()
    for row in Identifier.objects.all():
        stored = (row.status, sorted(row.shared_epochs))
        assert stored == wanted[row.pk], f"{row.kind} {row.value} is {stored}, should be {wanted[row.pk]}"


def check_partition(truth: Truth) -> None:
    """The stored partition is the pure answer to all evidence; every id ever given out leads to a current profile."""
    stored = dict(ChannelIdentity.objects.values_list("id", "profile_id"))
    assert stored == truth.profiles()
    assert stored == outcome_of(connected(stored, active_policy())).targets
    assert all(stored[profile] == profile for profile in stored.values())
    assert set(Profile.objects.values_list("id", flat=True)) == set(stored)


def check_decisions(truth: Truth) -> None:
    """*Different* holds unless a later *same* may have overruled it; nobody has two customer ids but by decision."""
    profiles = {node(*truth.home_of(pk)): profile for pk, profile in truth.profiles().items()}
    rulings = truth.decisions
    for ruling in rulings:
        if not ruling.same and not any(other.same and other.made > ruling.made for other in rulings):
            assert profiles[ruling.one] != profiles[ruling.other]
    owners: dict[Any, set[str]] = defaultdict(set)
    statuses = {(row.kind, row.scope, row.join_key): row.status for row in Identifier.objects.all()}
    for seen in truth.evidence():
        kind, scope, value = seen.identifier
        if kind == "customer_id" and seen.grade != "claimed" and statuses[seen.identifier] == "normal":
            owners[profiles[seen.node], scope].add(value)
    decided = {profiles[ruling.one] for ruling in rulings if ruling.same}
    seen_together = {(profiles[s.node], s.node) for s in truth.evidence()}
    for (profile, _), values in owners.items():
        assert len(values) == 1 or profile in decided or len([1 for p, _ in seen_together if p == profile]) == 1


def check_entries(truth: Truth) -> None:
    """Each message is there once, where its sender and its time say; nothing else moved in."""
    ids = Counter(
        Entry.objects.exclude(provider_message_id=None).values_list("account_id", "provider_message_id", named=False)
    )
    assert set(ids.values()) <= {1}
    assert set(truth.world.written) <= set(ids), "an entry is lost"
    for row in Entry.objects.exclude(kind__in=STAYS):
        seat, start = truth.seats[row.channel_identity_id]
        assert (seat, start) == truth.home(seat, row.occurred_at), (
            f"entry {row.pk} of {row.occurred_at}: {seat} {start}"
        )
        if not row.is_placeholder and (row.account_id, row.provider_message_id) in truth.world.written:
            address, standing, at = truth.world.written[row.account_id, row.provider_message_id]
            assert (seat, start) == truth.home((row.account_id, address, standing), at)


def check_timelines() -> None:
    """The timelines of all current profiles together are all entries, each once."""
    found: list[int] = []
    for pk in set(ChannelIdentity.objects.values_list("profile_id", flat=True)):
        cursor = None
        while True:
            page = timeline_page(pk, before=cursor, limit=200)
            found += [entry.pk for entry in page.entries]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(found) == sorted(Entry.objects.values_list("id", flat=True))


def check_folds() -> None:
    """First and last times of each channel identity are those of its entries."""
    entries: dict[int, list[Entry]] = defaultdict(list)
    for entry in Entry.objects.exclude(kind__in=STAYS):
        entries[entry.channel_identity_id].append(entry)
    for row in ChannelIdentity.objects.all():
        mine = entries[row.pk]
        times = [entry.occurred_at for entry in mine]
        inbound = [e.occurred_at for e in mine if e.kind == "message" and e.direction == "in"]
        outbound = [
            e.occurred_at for e in mine if e.kind == "message" and e.direction == "out" and e.delivery != "failed"
        ]
        wanted = (
            min(times, default=None),
            max(times, default=None),
            max(inbound, default=None),
            max(outbound, default=None),
        )
        stored = (row.first_seen, row.last_seen, row.last_inbound_at, row.last_outbound_at)
        assert stored == wanted, f"channel identity {row.pk}: {stored} is stored, should be {wanted}"


def check_queue() -> None:
    """The queue has a row for each customer who wrote, ordered or was written to; who waits, `check_work` says."""
    entries: dict[int, list[Entry]] = defaultdict(list)
    for entry in Entry.objects.select_related("channel_identity", "account").filter(kind__in=TALK):
        if entry.kind != "message" or entry.account.channel != "store":
            entries[entry.channel_identity.profile_id].append(entry)
    wanted: dict[int, tuple[int | None, datetime]] = {}
    for profile, mine in entries.items():
        last = max(mine, key=lambda entry: (entry.occurred_at, entry.pk))
        wanted[profile] = (last.pk, last.occurred_at)
    written = set(Entry.objects.filter(kind="message").values_list("channel_identity__profile_id", flat=True))
    worked = WorkState.objects.values_list("channel_identity__profile_id", "channel_identity__profile__created_at")
    for profile, born in worked:
        if profile not in written:  # nobody is lost with whom a colleague has something to do
            wanted.setdefault(profile, (None, born))
    stored = {row.profile_id: (row.last_entry_id, row.last_entry_at) for row in QueueRow.objects.all()}
    assert stored == wanted


def check_names() -> None:
    """Each current profile shows its best name: chosen, by an agent, better proved, newest; else number or address."""
    members: dict[int, list[ChannelIdentity]] = defaultdict(list)
    for row in ChannelIdentity.objects.select_related("profile").order_by("id"):
        members[row.profile_id].append(row)
    for profile, rows in members.items():
        assert rows[0].profile.display_name == _name(rows), f"profile {profile}"


def _name(rows: list[ChannelIdentity]) -> str:
    ids = [row.pk for row in rows]
    traits = list(Trait.objects.filter(channel_identity_id__in=ids, name="name", withdrawn_by=None))
    chosen: dict[int, int] = defaultdict(int)
    for choice in TraitChoice.objects.filter(operation__is_standing=True, trait__in=traits).order_by("operation_id"):
        chosen[choice.trait_id] = choice.operation_id
    if traits:
        best = sorted(traits, key=lambda t: t.value)
        best.sort(key=lambda t: t.last_seen, reverse=True)
        best.sort(key=lambda t: GRADE_RANK[t.grade])  # type: ignore[index]
        best.sort(key=lambda t: t.source != "agent")
        best.sort(key=lambda t: chosen[t.pk], reverse=True)
        return best[0].value
    phones = Sighting.objects.filter(channel_identity_id__in=ids, identifier__kind="phone", withdrawn_by=None)
    first: dict[str, datetime] = {}
    for value, at in phones.exclude(grade="claimed").values_list("identifier__value", "occurred_at"):
        first[value] = min(at, first.get(value, at))
    return display_phone(max(first, key=lambda value: (first[value], value))) if first else rows[0].address
