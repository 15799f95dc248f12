"""Our own numbers and mailboxes, as the tables have them."""

from profiles.identity.canonical import calling_code
from profiles.identity.values import IdentifierKind, Sender
from profiles.identity.worth import is_own
from profiles.models import OwnAddress


def own_keys() -> frozenset[str]:
    """The join keys of every line of ours. Few: it is read whole."""
    return frozenset(OwnAddress.objects.values_list("join_key", flat=True))


def own_calling_code(account_id: int) -> int | None:
    """The country calling code of the line's own number, else of all our numbers if they share one; else None."""
    rows = list(OwnAddress.objects.filter(kind=IdentifierKind.PHONE).values_list("account_id", "join_key"))
    of_line = {calling_code(key) for account, key in rows if account == account_id}
    codes = (of_line or {calling_code(key) for _account, key in rows}) - {None}
    return codes.pop() if len(codes) == 1 else None


def is_ours(sender: Sender, own: frozenset[str]) -> bool:
    """Whether the sender's very address is one of ours. One who only mentions ours is somebody else."""
    return any(
        identifier.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL)
        and identifier.value.removeprefix("+") == sender.address.removeprefix("+")
        and is_own(identifier.kind, identifier.value, own)
        for identifier in sender.identifiers
    )
