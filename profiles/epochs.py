"""Epochs of an address: after a boundary came or went, everything belongs to the epoch that its time lies in.

Runs in the caller's transaction, who holds the address, the profiles and the rows of the channel identities.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from profiles.identity.evidence import FIRST_EPOCH, epoch_of
from profiles.identity.values import IdentifierKind
from profiles.mentions import move_mentions
from profiles.models import ChannelIdentity, ConsentEvent, Profile, Sighting, Trait
from profiles.prepared import prepared
from profiles.signals import SeenAgain, Span, epochs_changed
from profiles.standing import refold_withdrawn

#: (account id, address)
Address = tuple[int, str]
#: The boundaries of each address, ascending, each moment once; addresses without any are absent.
Starts = dict[Address, list[datetime]]
_STARTS = """
SELECT account_id, address, starts_at, bool_or(withdrawn_by_id IS NULL) FROM profiles_boundary
WHERE account_id = ANY(%s::bigint[]) AND address = ANY(%s::text[]) GROUP BY 1, 2, 3 ORDER BY 3
"""
INSTANT = timedelta(microseconds=1)


def starts_of(addresses: Iterable[Address]) -> tuple[Starts, Starts]:
    """The boundaries that stand, and those together with the withdrawn ones."""
    wanted = set(addresses)
    standing: Starts = {}
    drawn: Starts = {}
    if not wanted:
        return standing, drawn
    with prepared() as cursor:
        cursor.execute(_STARTS, [sorted({a[0] for a in wanted}), sorted({a[1] for a in wanted})])
        for account_id, address, starts_at, stands in cursor.fetchall():
            if (account_id, address) in wanted:
                for starts in (standing, drawn) if stands else (drawn,):
                    starts.setdefault((account_id, address), []).append(starts_at)
    return standing, drawn


def standing_starts(addresses: Iterable[Address]) -> Starts:
    """The boundaries that stand."""
    return starts_of(addresses)[0]


def bear(account_id: int, address: str, standing: str, epoch_start: datetime, reply_refusal: str = "") -> int:
    """A new channel identity with a profile of the same id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('profiles_channelidentity', 'id'))")
        pk: int = cursor.fetchone()[0]
    Profile.objects.create(id=pk)
    ChannelIdentity.objects.create(
        id=pk,
        profile_id=pk,
        account_id=account_id,
        address=address,
        standing=standing,
        epoch_start=epoch_start,
        reply_refusal=reply_refusal,
    )
    return pk


@dataclass(slots=True)
class Rehomed:
    """Every channel identity of the addresses, and those of them that are new."""

    touched: set[int] = field(default_factory=set)
    born: set[int] = field(default_factory=set)

    def __or__(self, other: "Rehomed") -> "Rehomed":
        return Rehomed(self.touched | other.touched, self.born | other.born)


def rehome(addresses: Iterable[Address], *, operation_id: int | None = None) -> Rehomed:
    """Entries, sightings, traits and consents are where their time says; what lost its boundary is void.

    `operation_id` is whose word moved them, if it was a human's.
    """
    wanted = sorted(set(addresses))
    starts = standing_starts(wanted)
    result = Rehomed()
    for account_id, address in wanted:
        rows = list(ChannelIdentity.objects.filter(account_id=account_id, address=address).order_by("id"))
        for standing in sorted({row.standing for row in rows}):
            mine = [row for row in rows if row.standing == standing]
            result.touched |= {row.pk for row in mine}
            result.born |= _rehome(mine, [FIRST_EPOCH, *starts.get((account_id, address), ())], operation_id)
    result.touched |= result.born
    refold_withdrawn(result.touched)
    return result


def _rehome(rows: Sequence[ChannelIdentity], starts: Sequence[datetime], operation_id: int | None) -> set[int]:
    """`rows` are all channel identities of one (account, address, standing), `starts` its epochs; returns new ones."""
    homes = {row.epoch_start: row for row in rows if row.epoch_start in starts}
    born: set[int] = set()
    spans = []
    held = _held(rows, starts)
    for row in rows:
        for number in sorted(held[row.pk]):
            start, end = starts[number], starts[number + 1] if number + 1 < len(starts) else None
            if row.epoch_start == start:
                continue
            if start not in homes:
                pk = bear(row.account_id, row.address, row.standing, start, row.reply_refusal)
                homes[start] = ChannelIdentity.objects.get(id=pk)
                born.add(pk)
            spans.append(Span(row.pk, homes[start].pk, start, end))
    kept = _move(spans, {row.pk for row in rows if row.epoch_start not in starts}, born, operation_id)
    for pk in born - kept:  # nothing lay in that span after all
        homes = {start: home for start, home in homes.items() if home.pk != pk}
        ChannelIdentity.objects.filter(id=pk).delete()
        Profile.objects.filter(id=pk).delete()
    return (born & kept) | _void(rows, starts, homes)


_HELD = """
SELECT DISTINCT channel_identity_id, width_bucket(occurred_at, %(starts)s::timestamptz[]) FROM (
    SELECT channel_identity_id, occurred_at FROM profiles_sighting WHERE channel_identity_id = ANY(%(ids)s)
    UNION ALL
    SELECT channel_identity_id, occurred_at FROM profiles_consentevent WHERE channel_identity_id = ANY(%(ids)s)
    UNION ALL
    SELECT channel_identity_id, occurred_at FROM profiles_mention WHERE channel_identity_id = ANY(%(ids)s)
) evidence
"""


def _held(rows: Sequence[ChannelIdentity], starts: Sequence[datetime]) -> dict[int, set[int]]:
    """In which epochs, by number, each channel identity may have anything: by its first and last entry, its evidence.

    What is older than the first epoch belongs there.
    """
    held: dict[int, set[int]] = {row.pk: set() for row in rows}
    for row in rows:
        if row.first_seen and row.last_seen:
            first, last = (max(0, bisect_right(starts, at) - 1) for at in (row.first_seen, row.last_seen))
            held[row.pk].update(range(first, last + 1))
    with connection.cursor() as cursor:
        cursor.execute(_HELD, {"ids": sorted(held), "starts": list(starts)})
        for pk, number in cursor.fetchall():
            held[pk].add(max(0, number - 1))
    return held


def _void(
    rows: Sequence[ChannelIdentity], starts: Sequence[datetime], homes: dict[datetime, ChannelIdentity]
) -> set[int]:
    """Channel identities without a standing boundary lead to the one of the enclosing epoch; returns new ones."""
    born = set()
    for row in rows:
        void_in = None
        if row.epoch_start not in starts:
            enclosing = epoch_of(starts, row.epoch_start)
            if enclosing not in homes:
                pk = bear(row.account_id, row.address, row.standing, enclosing, row.reply_refusal)
                homes[enclosing] = ChannelIdentity.objects.get(id=pk)
                born.add(pk)
            void_in = homes[enclosing].pk
        if row.void_in_id != void_in:
            ChannelIdentity.objects.filter(id=row.pk).update(void_in_id=void_in)
    return born


def _move(spans: Sequence[Span], voids: set[int], new: set[int], operation_id: int | None) -> set[int]:
    """What lies in the spans is moved; returns the channel identities that something went to. `new` ones may get none.

    A void channel identity keeps its traits, which are shown with those of the one that stands for it.
    """
    kept: set[int] = set()
    if not spans:
        return kept
    again: list[SeenAgain] = []
    for span in spans:
        within = Q(channel_identity_id=span.from_identity_id, occurred_at__gte=span.start)
        if span.end is not None:
            within &= Q(occurred_at__lt=span.end)
        for model in (Sighting, ConsentEvent):
            if model.objects.filter(within).update(channel_identity_id=span.to_identity_id):
                kept.add(span.to_identity_id)
        again += move_mentions(span)
    answers: list[tuple[Any, Any]] = epochs_changed.send(sender=None, spans=list(spans), operation_id=operation_id)
    for _, (holders, confirmed) in answers:
        kept |= holders
        again += confirmed
    see_again(again)
    kept |= {each.channel_identity_id for each in again}
    for span in spans:
        if span.from_identity_id not in voids and (span.to_identity_id in kept or span.to_identity_id not in new):
            _split_traits(span)
    return kept


def see_again(again: Iterable[SeenAgain]) -> None:
    """Confirmed sightings are evidence about the channel identities they are confirmed for, unless known earlier.

    A visitor id is evidence in each of its epochs, so there an earlier sighting does not count. Whether they are
    withdrawn there is to be folded by the caller.
    """
    ordered = sorted(again, key=lambda a: (a.channel_identity_id, a.sighting_id, a.occurred_at))
    originals = Sighting.objects.select_related("identifier").in_bulk({a.sighting_id for a in ordered})
    for each in ordered:
        original = originals.get(each.sighting_id)
        if original is None:
            continue
        same = Sighting.objects.filter(
            channel_identity_id=each.channel_identity_id, identifier_id=original.identifier_id, grade=original.grade
        )
        is_visitor = original.identifier.kind == IdentifierKind.VISITOR
        known = Q(occurred_at=each.occurred_at) if is_visitor else Q(occurred_at__lte=each.occurred_at)
        if not same.filter(known).exists():
            Sighting.objects.create(
                identifier_id=original.identifier_id,
                channel_identity_id=each.channel_identity_id,
                grade=original.grade,
                source=each.source[:255],
                occurred_at=each.occurred_at,
            )


def _split_traits(span: Span) -> None:
    """Values told within the span go along; what was told before and within stays on both sides."""
    for trait in Trait.objects.filter(channel_identity_id=span.from_identity_id, last_seen__gte=span.start):
        if span.end is not None and trait.first_seen >= span.end:
            continue
        is_within = trait.first_seen >= span.start and (span.end is None or trait.last_seen < span.end)
        is_new = not _of_same_value(trait, span.to_identity_id).exists()
        if is_within and is_new:
            Trait.objects.filter(id=trait.pk).update(channel_identity_id=span.to_identity_id)
            continue
        first = max(trait.first_seen, span.start)
        last = trait.last_seen if span.end is None else min(trait.last_seen, span.end - INSTANT)
        if is_new:
            Trait.objects.create(
                channel_identity_id=span.to_identity_id,
                name=trait.name,
                value=trait.value,
                grade=trait.grade,
                source=trait.source,
                first_seen=first,
                last_seen=last,
            )
        if trait.first_seen < span.start:
            Trait.objects.filter(id=trait.pk).update(last_seen=span.start - INSTANT)


def _of_same_value(trait: Trait, channel_identity_id: int) -> QuerySet[Trait]:
    return Trait.objects.filter(
        channel_identity_id=channel_identity_id, name=trait.name, value=trait.value, source=trait.source
    )
