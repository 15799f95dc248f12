"""Two customers whose messages have one id: ids are unique on a line, so the second is not recorded. That is told."""

from collections.abc import Iterable

from channels_ingest.messages import Message
from profiles.models import ChannelIdentity
from timeline.recording import Held, MessageKey

FAULT = "a message has the id of another customer's message; the first one is kept"

#: (envelope id, account id, message, channel identity)
Written = tuple[int | None, int, Message, int]


def envelopes_with_rivals(written: Iterable[Written], held: Held) -> set[int | None]:
    """The envelopes of messages whose id belongs to a message of another customer, stored or earlier in the batch.

    One customer may be named in two ways, by number and by user id: that is no rival. History repeats what came live.
    """
    owners: dict[MessageKey, int] = {k: e.channel_identity_id for k, e in held.items() if not e.is_placeholder}
    pairs = []
    for envelope_id, account_id, message, identity_id in written:
        if message.provider_message_id and not (message.placeholder or message.backfilled):
            owner = owners.setdefault((account_id, message.provider_message_id), identity_id)
            if owner != identity_id:
                pairs.append((envelope_id, owner, identity_id))
    rows = ChannelIdentity.objects.filter(id__in={pk for _, *pair in pairs for pk in pair})
    profile_of = dict(rows.values_list("id", "profile_id")) if pairs else {}
    return {envelope_id for envelope_id, one, other in pairs if profile_of.get(one) != profile_of.get(other)}
