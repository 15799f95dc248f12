"""Our own numbers and mailboxes, as the tables have them."""

from profiles.identity.canonical import calling_code
from profiles.identity.values import IdentifierKind, Sender
from profiles.identity.worth import is_own
from profiles.models import OwnAddress
from profiles.prepared import prepared


def own_rows() -> frozenset[tuple[int, str, str]]:
    """(account, kind, join key) of every line of ours. Few: they are read whole."""
    with prepared() as cursor:
        cursor.execute("SELECT account_id, kind, join_key FROM profiles_ownaddress")
        return frozenset(cursor.fetchall())


def own_keys() -> frozenset[str]:
    """The join keys of every line of ours."""
    return frozenset(join_key for _, _, join_key in own_rows())


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
