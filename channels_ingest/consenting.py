"""What messages say about consent, as items of their own: keywords, the provider's reading of them, and doubts.

What STOP means differs by channel (docs/consent.md): on text messages everything, as carriers have it; on WhatsApp and
by mail marketing, because somebody who writes there again asks for an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from channels_ingest.messages import ConsentChange, Message
from channels_ingest.opt_out import Heard, Keyword, folded, heard
from profiles.consent import ALL, HOLD, MARKETING, words_of
from profiles.identity.values import Standing
from profiles.models import Channel, ChannelIdentity, ConsentEvent, ProviderBlock
from timeline.entries import Direction, EntryKind, SetAside
from timeline.showing.mails import folded_mail

#: What an exact STOP or START is about.
PURPOSES: Mapping[str, str] = {Channel.SMS: ALL, Channel.WHATSAPP: MARKETING, Channel.EMAIL: MARKETING}
#: What it is about when the customer says so.
_EVERYTHING = frozenset({"stopall", "stop all"})

#: What holds a customer's own words: under a picture too, but not the name of a place or of a contact.
_WRITTEN = frozenset({"text", "mail", "image", "video", "document"})


def changes_in(message: Message, channel: str) -> list[ConsentChange]:
    """The consent changes that a customer's message makes, beside its own entry.

    Where the provider read it itself (`detail["opt_out"]`), its adapter gives what that means, and our reading does not
    count. What a mail without proof says is a doubt.
    """
    purpose = PURPOSES.get(channel)
    if purpose is None or message.detail.get("opt_out") or not _is_said(message):
        return []
    said = _heard_in(message, channel)
    if "part" in message.detail and not said.is_probable:
        return []  # a word at the end of a long text is none by itself
    if said.is_probable or (said.keyword is Keyword.STOP and message.sender.standing is not Standing.PROVED):
        return [] if message.backfilled else [_change(message, HOLD, granted=False, source="probable")]
    if said.keyword is Keyword.STOP:
        if folded(message.text) in _EVERYTHING:
            purpose = ALL
        return [_change(message, purpose, granted=False)]
    if said.keyword is Keyword.START and message.sender.standing is Standing.PROVED:
        # A carrier that reads START lifts its block, whether or not it tells us that it read it. Elsewhere START takes
        # back what was refused, and agrees to marketing only in the words of somebody who subscribes.
        is_taken_back = said.is_bare_yes or not (channel == Channel.SMS or said.is_subscribing)
        lifts = ALL if channel == Channel.SMS else ""
        change = _change(message, purpose, granted=True, block=lifts, only_after_opt_out=is_taken_back)
        everything = _change(message, ALL, granted=True, only_after_opt_out=True)
        return [change] if purpose == ALL else [change, everything]
    return []


def _heard_in(message: Message, channel: str) -> Heard:
    """What the message says of consent. What a mail says above what its program added is a doubt, not a word.

    A mail without text says it in its subject.
    """
    said = heard(message.text, is_text_message=channel == Channel.SMS)
    if channel != Channel.EMAIL or said != Heard():
        return said
    of_subject = heard(str(message.detail.get("subject") or ""), is_text_message=False)
    if not message.text.strip():
        return of_subject
    above = heard(folded_mail(message.detail, message.text).shown, is_text_message=False)
    is_doubt = above.is_probable or Keyword.STOP in (above.keyword, of_subject.keyword)
    return Heard(is_probable=True) if is_doubt else said


def _is_said(message: Message) -> bool:
    """Whether these are words that the customer wrote to us, and not to a group or by a machine."""
    return (
        message.direction is Direction.IN
        and message.kind is EntryKind.MESSAGE
        and not message.placeholder
        and not message.sender.reply_refusal
        and not message.detail.get("automatic")
        and message.detail.get("type", "text") in _WRITTEN
    )


def _change(
    message: Message,
    purpose: str,
    *,
    granted: bool,
    source: str = "keyword",
    block: str = "",
    only_after_opt_out: bool = False,
) -> ConsentChange:
    suffix = {HOLD: "hold", ALL: "consent-all"}.get(purpose, "consent")
    return ConsentChange(
        sender=message.sender,
        key=f"{message.provider_message_id}:{suffix}",
        purpose=purpose,
        granted=granted,
        occurred_at=message.occurred_at,
        source=source,
        evidence=message.provider_message_id,
        block=block,
        only_after_opt_out=only_after_opt_out,
    )


def set_aside(message: Message, changes: Iterable[ConsentChange]) -> SetAside:
    """Why nobody need answer the message that makes these changes, empty if somebody need."""
    if message.direction is not Direction.IN:
        return SetAside.NOT
    verdict = message.detail.get("verdict")
    if isinstance(verdict, Mapping) and verdict.get("spam") is True:
        return SetAside.SPAM
    if message.detail.get("automatic"):
        return SetAside.AUTOMATIC
    if message.detail.get("opt_out") in ("stop", "start"):
        return SetAside.KEYWORD
    is_done = any(change.purpose != HOLD and not change.only_after_opt_out for change in changes)
    return SetAside.KEYWORD if is_done else SetAside.NOT


class Said(NamedTuple):
    """A consent change at the channel identity that it binds."""

    account_id: int
    identity_id: int
    change: ConsentChange


def unasked(said: Sequence[Said]) -> set[str]:
    """The keys of changes that count only after an opt-out where none stands: a yes is an answer to something else."""
    asking = [each for each in said if each.change.only_after_opt_out]
    if not asking:
        return set()
    identities = list(ChannelIdentity.objects.filter(id__in={each.identity_id for each in asking}))
    places = {identity.pk: (identity.account_id, identity.address) for identity in identities}
    words = words_of(identities)
    dropped = set()
    for each in asking:
        purpose, at = each.change.purpose, each.change.occurred_at
        stored = words[each.identity_id].get(purpose)
        last: list[tuple[datetime, bool]] = []
        if stored is not None and stored.key != each.change.key[:255] and stored.occurred_at <= at:
            last.append((stored.occurred_at, not stored.is_granted))
        last += [
            (other.change.occurred_at, not other.change.granted)
            for other in said
            if other is not each
            and other.change.purpose == purpose
            and places.get(other.identity_id) == places[each.identity_id]
            and other.change.occurred_at <= at
        ]
        if not max(last, default=(at, False))[1]:
            dropped.add(each.change.key)
    return dropped


def store_changes(said: Iterable[Said]) -> None:
    """The ledger and the provider's blocks have every change once."""
    each_said = list(said)
    ConsentEvent.objects.bulk_create(
        (
            ConsentEvent(
                channel_identity_id=each.identity_id,
                purpose=each.change.purpose,
                is_granted=each.change.granted,
                source=each.change.source,
                key=each.change.key[:255],
                occurred_at=each.change.occurred_at,
                evidence=(each.change.evidence or each.change.key)[:255],
            )
            for each in each_said
        ),
        ignore_conflicts=True,
    )
    blocks = [block for each in each_said if (block := _block(each))]
    blocks.sort(key=lambda block: (block.account_id, block.address, block.key))
    ProviderBlock.objects.bulk_create(blocks, ignore_conflicts=True)


def _block(said: Said) -> ProviderBlock | None:
    """What the change means for the provider's own block at that address, if anything."""
    change = said.change
    purpose = {"user_preferences": MARKETING, "provider": change.purpose}.get(change.source, change.block)
    if not purpose:
        return None
    return ProviderBlock(
        account_id=said.account_id,
        address=change.sender.address,
        purpose=purpose,
        is_blocked=not change.granted,
        code=change.source,
        key=change.key[:255],
        occurred_at=change.occurred_at,
    )
