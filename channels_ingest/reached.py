"""What the report of a delivery proves about an address that nobody has written from yet.

An agent may write first, to a number. The customer may then answer under another name: a business-scoped user id, or
the same number as WhatsApp spells it (Brazil, Mexico, Argentina). Meta's report says under which number and id the
message was delivered; it is signed like a message, and it ties both, so that the answer comes to the same customer.
"""

from collections.abc import Iterable, Mapping

from channels_ingest.adapters._whatsapp_senders import phone_identifier
from channels_ingest.messages import Amendment
from profiles.identity.canonical import canonical
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import Channel, ChannelIdentity
from profiles.seeing import SenderSeen
from timeline.entries import AmendmentKind, Delivery
from timeline.models import Entry

#: What only a reached phone can say.
_ARRIVED = (Delivery.DELIVERED.value, Delivery.READ.value)


def reached(items: Iterable[tuple[int, object]], entries: Mapping[tuple[int, str], Entry]) -> list[SenderSeen]:
    """What the reports among `items`, (account, item), prove; `entries` are the messages they are about, by their ids.

    Costs a query, and only if there is such a report.
    """
    arrived: dict[int, list[tuple[Amendment, Entry]]] = {}
    for account_id, item in items:
        if isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS:
            entry = entries.get((account_id, item.target_message_id))
            if entry is not None and item.detail.get("delivery") in _ARRIVED:
                arrived.setdefault(entry.channel_identity_id, []).append((item, entry))
    if not arrived:
        return []
    silent = ChannelIdentity.objects.filter(
        id__in=arrived, last_inbound_at=None, standing=Standing.PROVED, account__channel=Channel.WHATSAPP
    )
    found = []
    for identity in silent.exclude(reply_refusal="group"):
        for item, entry in arrived[identity.pk]:
            if identifiers := _proved(identity.address, item.sender):
                sender = Sender(address=identity.address, identifiers=identifiers)
                found.append(
                    SenderSeen(
                        account_id=identity.account_id,
                        sender=sender,
                        occurred_at=entry.occurred_at,  # which is within the time of whoever was written to
                        source=item.key,
                    )
                )
    return found


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
