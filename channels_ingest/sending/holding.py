"""For how long a message stays here so that its author can take it back."""

from django.conf import settings

from channels_ingest.sending.wishes import Draft
from profiles.models import Channel, ChannelAccount

MOST_SECONDS = 30
#: Where an answer is read while both sides look at it: it leaves at once.
AT_ONCE = (Channel.CHAT, Channel.WHATSAPP)


def hold_seconds(draft: Draft) -> float:
    """Mails, text messages and templates wait a moment; what is said in a conversation does not."""
    channel = (
        ChannelAccount.objects.filter(channel_identities__id=draft.channel_identity_id)
        .values_list("channel", flat=True)
        .first()
    )
    if draft.template is None and channel in AT_ONCE:
        return 0
    return float(settings.UNDO_SEND_SECONDS)
