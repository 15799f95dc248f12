"""Rebuild: every projection computed anew from sightings, decisions and entries, and what differed.

Channel identities are worked in slices, each with everything that evidence connects to it, in one transaction and
under the locks of `profiles.locking`; so it runs beside a working hub, and its memory does not grow with the hub.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from profiles.assignment import Amended, reassign
from profiles.components import Component, users_of
from profiles.epochs import Address, rehome
from profiles.identity.canonical import canonical
from profiles.identity.evidence import FIRST_EPOCH, JoinKey
from profiles.identity.policy import Policy
from profiles.identity.values import IdentifierKind
from profiles.locking import lock_id, lock_rows, take_advisory_locks
from profiles.logins import refold_logins
from profiles.models import Boundary, ChannelIdentity, Identifier, Operation
from profiles.policies import active_policy
from profiles.reach import neighbours_of
from profiles.sharing import refold_status
from profiles.standing import refold_standing
from profiles.traits import rename
from timeline.contact_times import refold_identities
from timeline.models import Entry
from timeline.queue import refold
from timeline.recording import refold_entries
from timeline.rehoming import MOVES
from timeline.work.folding import refold_work

#: Channel identities of one transaction; each may take a lock for its profile and a few for its identifiers.
SLICE = 1_000
_IDENTIFIERS = 5_000


@dataclass(slots=True)
class Rebuilt:
    """How many rows of each projection were looked at, and how many differed from what the evidence says.

    `joined` profiles are part of another one then, `split` ones are new or come back.
    """

    looked_at: Counter[str] = field(default_factory=Counter)
    differed: Counter[str] = field(default_factory=Counter)
    joined: int = 0
    split: int = 0


def rebuild(
    *,
    repair: bool,
    policy: Policy | None = None,
    progress: Callable[[int], None] = lambda _: None,
    at_once: int = SLICE,
) -> Rebuilt:
    """Every projection is compared with the evidence; with `repair` it is made right, else nothing is changed.

    `policy` previews another policy than the active one. `progress` is told how many channel identities are done;
    `at_once` of them are worked in one transaction, with whoever is connected to them.
    """
    result = Rebuilt()
    policy = policy or active_policy()
    _undone(repair, lambda: _standing(result))
    for identifiers in _slices(Identifier.objects.values_list("id", flat=True).order_by("id"), _IDENTIFIERS):
        _undone(repair, lambda ids=identifiers: _join_keys(ids, result))  # type: ignore[misc]
    done: set[int] = set()
    count = 0
    for ids in _slices(ChannelIdentity.objects.values_list("id", flat=True).order_by("id"), at_once):
        wanted = [pk for pk in ids if pk not in done]
        reached: set[int] = set()
        _undone(repair, lambda mine=wanted, out=reached: _slice(mine, out, policy, result))  # type: ignore[misc]
        # What this slice reached beyond itself comes up again later; what lies behind is never asked for again.
        done = {pk for pk in done | reached if pk > ids[-1]}
        count += len(ids)
        progress(count)
    return result


def _undone(keep: bool, work: Callable[[], None]) -> None:
    """Does the work in a transaction, and takes it back unless it is to be kept."""
    with transaction.atomic():
        work()
        if not keep:
            transaction.set_rollback(True)


def _slices(rows: QuerySet[Identifier, int] | QuerySet[ChannelIdentity, int], size: int) -> Iterator[list[int]]:
    last = 0
    while ids := list(rows.filter(id__gt=last)[:size]):
        yield ids
        last = ids[-1]


def _standing(result: Rebuilt) -> None:
    ids = list(Operation.objects.values_list("id", flat=True))
    before = _what_stands()
    refold_standing(ids)
    after = _what_stands()
    result.looked_at["standing"] += len(after)
    result.differed["standing"] += sum(before[key] != by for key, by in after.items())


def _what_stands() -> dict[tuple[str, int], int | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'decision', id, retracted_by_id FROM profiles_decision"
            " UNION ALL SELECT 'boundary', id, withdrawn_by_id FROM profiles_boundary"
            " UNION ALL SELECT 'sighting', id, withdrawn_by_id FROM profiles_sighting WHERE withdrawn_by_id IS NOT NULL"
            " UNION ALL SELECT 'trait', id, withdrawn_by_id FROM profiles_trait WHERE withdrawn_by_id IS NOT NULL"
        )
        return {(kind, pk): by for kind, pk, by in cursor.fetchall()}


def _join_keys(ids: Sequence[int], result: Rebuilt) -> None:
    """The comparable form of each value is what the canonical rules make of it today."""
    wrong = []
    for pk, kind, value, join_key in Identifier.objects.filter(id__in=ids).values_list(
        "id", "kind", "value", "join_key"
    ):
        _, right = canonical(IdentifierKind(kind), value)
        if right and right != join_key:
            wrong.append(Identifier(id=pk, join_key=right))
    Identifier.objects.bulk_update(wrong, ["join_key"])
    result.looked_at["join keys"] += len(ids)
    result.differed["join keys"] += len(wrong)


def _slice(ids: Sequence[int], reached: set[int], policy: Policy, result: Rebuilt) -> None:
    """One slice with everything connected to it: statuses, epochs, profiles, then the folds of all it reached."""
    if not ids:
        return
    keys = set(
        Identifier.objects.filter(sightings__channel_identity_id__in=ids).values_list("kind", "scope", "join_key")
    )
    addresses = _addresses(ids)
    take_advisory_locks({lock_id("identity", *a) for a in addresses} | {lock_id("identifier", *k) for k in keys})
    counts: Counter[str] = Counter()

    def amend(component: Component) -> Amended:
        counts.clear()
        visitors: set[JoinKey] = {key for key in keys if key[0] == IdentifierKind.VISITOR}
        moved_logins = refold_logins(visitors)
        counts["login boundaries"] = len(moved_logins)
        counts["entries' epochs"] = _misplaced(addresses | moved_logins)
        if counts["entries' epochs"]:
            refold_identities(component.profile_of)  # where entries may be is told by first and last times
        moved = rehome(addresses | moved_logins)
        changed = refold_status(keys, policy)
        counts["identifier statuses"] = len(changed)
        return Amended(moved.touched | users_of(changed), moved.born)

    done = reassign(ids, policy, amend=amend, guess=neighbours_of(ids, keys))
    reached.update(done.component.profile_of)
    fresh = [pk for pk in done.component.profile_of if pk >= ids[0]]
    counts["profiles of channel identities"] = len(done.moves)
    profiles = {done.outcome.targets[pk] for pk in fresh}
    result.joined += len(done.component.profiles - set(done.outcome.targets.values()))
    result.split += len(set(done.outcome.targets.values()) - done.component.profiles)
    lock_rows("profiles_profile", profiles)
    counts["first and last times"] = refold_identities(fresh)
    amended = Entry.objects.filter(channel_identity_id__in=fresh, original__isnull=False)
    counts["amended entries"] = refold_entries(amended.values_list("id", flat=True))
    counts["names"] = rename(profiles)
    counts["work states"] = refold_work(fresh)
    counts["queue rows"] = refold(profiles)
    result.differed += counts
    result.looked_at["channel identities"] += len(fresh)
    result.looked_at["profiles"] += len(profiles)
    result.looked_at["identifiers"] += len(keys)


def _addresses(ids: Sequence[int]) -> set[Address]:
    """The addresses of the slice that more than one person used, or were said to."""
    rows = ChannelIdentity.objects.filter(id__in=ids)
    passed_on = rows.filter(~Q(epoch_start=FIRST_EPOCH) | Q(void_in__isnull=False))
    places = set(rows.values_list("account_id", "address"))
    bounded = Boundary.objects.filter(address__in={address for _, address in places})
    return set(passed_on.values_list("account_id", "address")) | (
        set(bounded.values_list("account_id", "address")) & places
    )


_MISPLACED = f"""
SELECT count(*) FROM unnest(%s::bigint[], %s::text[]) AS f(account_id, address)
JOIN profiles_channelidentity c USING (account_id, address)
CROSS JOIN LATERAL (SELECT occurred_at FROM timeline_entry WHERE channel_identity_id = c.id AND {MOVES}) e
WHERE c.epoch_start <> coalesce((
    SELECT max(starts_at) FROM profiles_boundary b
    WHERE b.account_id = c.account_id AND b.address = c.address AND b.withdrawn_by_id IS NULL
        AND b.starts_at <= e.occurred_at
), %s)
"""  # noqa: S608


def _misplaced(addresses: set[Address]) -> int:
    """Entries that are on another channel identity than their time says."""
    if not addresses:
        return 0
    accounts, names = zip(*sorted(addresses), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _MISPLACED,
            [list(accounts), list(names), FIRST_EPOCH],
        )
        return int(cursor.fetchone()[0])
