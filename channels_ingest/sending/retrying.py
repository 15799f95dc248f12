"""A message that failed goes out again, as a new one."""

from django.utils.translation import gettext as _

from channels_ingest.sending.composing import send
from channels_ingest.sending.guards import Closed
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.rendering import template_of
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from profiles.models import ChannelIdentity
from timeline.models import Entry


def retry(failed: OutboxMessage, wish: Wish, *, channel_identity_id: int | None = None) -> Entry:
    """The message goes out again as a new one, on another address if one is given; a second retry is the same one,
    also when the first of the two has arrived meanwhile.

    Only what surely failed, or what nobody knows of and its author takes the risk of sending twice. Raises as `send`.
    """
    entry = Entry.objects.select_related("channel_identity").get(id=failed.entry_id)
    if "confirmation" in failed.words:  # its text stands nowhere, and it may be over
        raise SendRefusedError(Closed("confirmation", _("A code is not sent again: ask for a new one at the claim.")))
    home = entry.channel_identity
    target = home
    if channel_identity_id is not None and channel_identity_id != home.pk:
        other = ChannelIdentity.objects.filter(id=channel_identity_id, profile_id=home.profile_id).first()
        if other is None:
            raise SendRefusedError(Closed("elsewhere", _("This address is not this customer's now.")))
        target = other
    words = failed.words if target.pk == home.pk else {}
    template = words.get("template")
    quoted = Entry.objects.filter(
        channel_identity=home, provider_message_id=words.get("reply_to", {}).get("provider_message_id", "")
    )
    draft = Draft(
        channel_identity_id=target.pk,
        text=entry.text,
        purpose=failed.purpose,
        template=template_of(template) if template else None,
        answers=quoted.values_list("id", flat=True).first(),
        subject=str(failed.words.get("subject", "")) if target.account_id == home.account_id else "",
        cc=tuple(words.get("cc", ())),
        new_thread=bool(words.get("new_thread")),
        files=tuple(failed.words.get("uploads", ())),
    )
    wish.replaces = failed
    return send(target.profile_id, draft, wish)
