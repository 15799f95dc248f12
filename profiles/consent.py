"""Whether an address may be written to, and what for: the customer's own words, and what the provider blocks.

Two purposes of writing. *Service* answers the customer: closed by an opt-out of all messages. *Marketing* needs the
customer's word: closed by an opt-out of either, by a human's doubt, and without an opt-in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _lazy

from profiles.models import ChannelIdentity, ConsentEvent, ProviderBlock

#: What a word or a block is about.
ALL, MARKETING, HOLD = "all", "marketing", "hold"


class Purpose(StrEnum):
    """What somebody wants to write for."""

    SERVICE = "service"
    MARKETING = "marketing"


CLOSED: Mapping[str, Promise] = {
    "opted_out": _lazy("The customer opted out of all messages on this line"),
    "marketing_opted_out": _lazy("The customer opted out of marketing on this line"),
    "provider_block": _lazy("The provider blocks messages to this address until the customer writes START"),
    "provider_marketing_block": _lazy("The provider blocks marketing to this address until the customer allows it"),
    "held": _lazy("Marketing is held: a message may have been an opt-out, and nobody has looked yet"),
    "no_consent": _lazy("The customer has not agreed to marketing on this line"),
}


@dataclass(frozen=True, slots=True)
class AddressState:
    """Whether an address is open for a purpose; closed, a code of `CLOSED`, the same in words, and since when."""

    is_open: bool
    code: str = ""
    reason: str = ""
    since: datetime | None = None


_OPEN = AddressState(is_open=True)

#: (account, address)
Place = tuple[int, str]


def address_state(identity: ChannelIdentity | int, purpose: Purpose = Purpose.SERVICE) -> AddressState:
    """Whether we may write to the channel identity for that purpose."""
    pk = identity if isinstance(identity, int) else identity.pk
    return address_states([pk], purpose)[pk]


def address_states(identity_ids: Iterable[int], purpose: Purpose = Purpose.SERVICE) -> dict[int, AddressState]:
    """The state of each existing channel identity, in three queries however many there are."""
    identities = list(ChannelIdentity.objects.filter(id__in=list(identity_ids)))
    words, blocks = words_of(identities), standing_blocks(identities)
    return {
        identity.pk: _state(words[identity.pk], blocks.get(_place(identity), {}), purpose) for identity in identities
    }


def _state(words: Mapping[str, ConsentEvent], blocks: Mapping[str, ProviderBlock], purpose: Purpose) -> AddressState:
    if (word := words.get(ALL)) and not word.is_granted:
        return _closed("opted_out", word.occurred_at)
    if block := blocks.get(ALL):
        return _closed("provider_block", block.occurred_at)
    if purpose is Purpose.SERVICE:
        return _OPEN
    word = words.get(MARKETING)
    if word and not word.is_granted:
        return _closed("marketing_opted_out", word.occurred_at)
    if block := blocks.get(MARKETING):
        return _closed("provider_marketing_block", block.occurred_at)
    if (hold := words.get(HOLD)) and not hold.is_granted:
        return _closed("held", hold.occurred_at)
    return _OPEN if word else _closed("no_consent", None)


def _closed(code: str, since: datetime | None) -> AddressState:
    return AddressState(is_open=False, code=code, reason=str(CLOSED[code]), since=since)


def _place(identity: ChannelIdentity) -> Place:
    return (identity.account_id, identity.address)


def words_of(identities: Sequence[ChannelIdentity]) -> dict[int, dict[str, ConsentEvent]]:
    """For each channel identity the word that binds it on each purpose.

    Its own newest word, or a newer opt-out at its address: an opt-out binds the address over all epochs and standings,
    an opt-in whoever gave it. Of words of the same moment the opt-out is the later.
    """
    rows = ConsentEvent.objects.filter(_at({_place(i) for i in identities}, "channel_identity__")).select_related(
        "channel_identity__account"
    )
    events = list(rows.order_by("occurred_at", "-is_granted", "id")) if identities else []
    found: dict[int, dict[str, ConsentEvent]] = {identity.pk: {} for identity in identities}
    for identity in identities:
        for event in events:
            at = event.channel_identity
            if _place(at) == _place(identity) and (at.pk == identity.pk or not event.is_granted):
                found[identity.pk][event.purpose] = event
    return found


def binding_words(identities: Sequence[ChannelIdentity]) -> list[ConsentEvent]:
    """The word that binds a person on each (address, purpose): a merge never widens it.

    Of several channel identities at one address the strictest counts.
    """
    binding: dict[tuple[Place, str], ConsentEvent] = {}
    words = words_of(identities)
    for identity in identities:
        for purpose, event in words[identity.pk].items():
            key = (_place(identity), purpose)
            rival = binding.get(key)
            if rival is None or not event.is_granted or rival.is_granted:
                binding[key] = event
    return list(binding.values())


def standing_blocks(identities: Sequence[ChannelIdentity]) -> dict[Place, dict[str, ProviderBlock]]:
    """The provider's blocks that stand at the addresses, by purpose. Of the same moment the block is the later."""
    places = {_place(identity) for identity in identities}
    newest: dict[tuple[Place, str], ProviderBlock] = {}
    if places:
        for row in ProviderBlock.objects.filter(_at(places, "")).order_by("occurred_at", "is_blocked", "id"):
            newest[(row.account_id, row.address), row.purpose] = row
    found: dict[Place, dict[str, ProviderBlock]] = {}
    for (place, purpose), row in newest.items():
        if row.is_blocked:
            found.setdefault(place, {})[purpose] = row
    return found


def _at(places: Iterable[Place], prefix: str) -> Q:
    """Rows about the addresses, whoever used them when."""
    same_address = Q()
    for account_id, address in places:
        same_address |= Q(**{f"{prefix}account_id": account_id, f"{prefix}address": address})
    return same_address
