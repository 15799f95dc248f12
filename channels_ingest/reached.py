"""What the report of a delivery proves about an address that nobody has written from yet.

An agent may write first, to a number. The customer may then answer under another name: a business-scoped user id, or
the same number as WhatsApp spells it (Brazil, Mexico, Argentina). Meta's report says under which number and id the
message was delivered; it is signed like a message, and it ties both, so that the answer comes to the same customer.
"""

from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef

from channels_ingest.adapters._whatsapp_senders import phone_identifier
from channels_ingest.messages import Amendment
from profiles.identity.canonical import canonical
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import Channel
from profiles.seeing import SenderSeen
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind
from timeline.models import Entry

#: What only a reached phone can say.
_ARRIVED = (Delivery.DELIVERED.value, Delivery.READ.value)


def reached(items: Iterable[tuple[int, object]], entries: Mapping[tuple[int, str], Entry]) -> list[SenderSeen]:
    """What the reports among `items`, (account, item), prove; `entries` are the messages they are about, by their ids.

    Costs a query, and only if there is such a report.
    """
    arrived: dict[int, list[Amendment]] = {}
    for account_id, item in items:
        if isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS:
            entry = entries.get((account_id, item.target_message_id))
            if entry is not None and item.detail.get("delivery") in _ARRIVED:
                arrived.setdefault(entry.pk, []).append(item)
    if not arrived:
        return []
    found = []
    for entry in _first_words(arrived):
        identity = entry.channel_identity
        for item in arrived[entry.pk]:
            if identifiers := _proved(identity.address, item.sender):
                found.append(
                    SenderSeen(
                        account_id=identity.account_id,
                        sender=Sender(address=identity.address, identifiers=identifiers),
                        occurred_at=entry.occurred_at,  # which is within the time of whoever was written to
                        source=item.key,
                    )
                )
    return found


def _first_words(entry_ids: Iterable[int]) -> Iterable[Entry]:
    """Those of the messages before which nobody had written from there.

    Once somebody has, the number may have been passed on since, and whose phone took the message says nothing about who
    wrote. It is asked of the times and not of what is there by now, so that the order of arrival changes nothing.
    """
    written_before = Entry.objects.filter(
        channel_identity=OuterRef("channel_identity"),
        kind=EntryKind.MESSAGE,
        direction=Direction.IN,
        occurred_at__lt=OuterRef("occurred_at"),
    )
    ours = Entry.objects.filter(
        id__in=list(entry_ids), account__channel=Channel.WHATSAPP, channel_identity__standing=Standing.PROVED
    )
    return (
        ours.exclude(channel_identity__reply_refusal="group")
        .filter(~Exists(written_before))
        .select_related("channel_identity")
    )


def _proved(address: str, reported: Sender | None) -> tuple[SeenIdentifier, ...]:
    """What the address and the report have in common: nothing if the report is about another number."""
    mine = phone_identifier(address)
    theirs = reported.identifiers if reported else ()
    if mine is None:
        return ()
    numbers = [each for each in theirs if each.kind is IdentifierKind.PHONE]
    if any(_key(each) != _key(mine) for each in numbers):
        return ()
    return tuple(dict.fromkeys([mine, *theirs]))


def _key(identifier: SeenIdentifier) -> str:
    return canonical(identifier.kind, identifier.value)[1]
