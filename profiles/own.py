"""Our own numbers and mailboxes, as the tables have them."""

from profiles.identity.values import IdentifierKind, Sender
from profiles.identity.worth import is_own
from profiles.models import OwnAddress


def own_keys() -> frozenset[str]:
    """The join keys of every line of ours. Few: it is read whole."""
    return frozenset(OwnAddress.objects.values_list("join_key", flat=True))


def is_ours(sender: Sender, own: frozenset[str]) -> bool:
    """Whether the sender's very address is one of ours. One who only mentions ours is somebody else."""
    return any(
        identifier.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL)
        and identifier.value.removeprefix("+") == sender.address.removeprefix("+")
        and is_own(identifier.kind, identifier.value, own)
        for identifier in sender.identifiers
    )
