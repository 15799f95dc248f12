"""Telling which addresses are ours: from then on they join nobody, whoever was seen with them before."""

from collections.abc import Collection, Iterable

from django.db import transaction

from profiles.assignment import Amended, reassign
from profiles.components import Component, users_of
from profiles.identity.canonical import canonical
from profiles.identity.evidence import JoinKey
from profiles.identity.values import IdentifierKind
from profiles.locking import take_advisory_locks
from profiles.models import Identifier, OwnAddress
from profiles.policies import active_policy
from profiles.reach import lock_numbers
from profiles.sharing import refold_status

#: (kind, join key) of an address of ours.
OwnKey = tuple[str, str]


def own_key(text: str) -> OwnKey | None:
    """The address in comparable form, told by its look; None for what is neither number nor mailbox."""
    kind = IdentifierKind.EMAIL if "@" in text else IdentifierKind.PHONE
    _, join_key = canonical(kind, text)
    digits = join_key.removeprefix("+")
    is_address = "@" in join_key if kind is IdentifierKind.EMAIL else 5 <= len(digits) <= 15
    return (str(kind), join_key) if is_address else None


def state_own(account_id: int, texts: Iterable[str]) -> set[OwnKey]:
    """These are the addresses that the account's settings give as ours, and no others; returns those that changed.

    As with `learn_own`, `refold_own` follows.
    """
    wanted = {key for text in texts if (key := own_key(text))}
    rows = OwnAddress.objects.filter(account_id=account_id)
    held = set(rows.values_list("kind", "join_key"))
    for kind, join_key in rows.filter(is_learned=False).values_list("kind", "join_key"):
        if (kind, join_key) not in wanted:
            rows.filter(kind=kind, join_key=join_key).delete()
    _add(account_id, wanted - held, is_learned=False)
    rows.filter(is_learned=True, join_key__in={key for _, key in wanted}).update(is_learned=False)
    return wanted ^ held


def learn_own(lines: Iterable[tuple[int, str]], known: Collection[tuple[int, str, str]]) -> set[OwnKey]:
    """The provider delivered to these addresses of ours, as (account, address); returns those that are news.

    `known` are the rows as `own_rows` read them.

    Only rows are written, in order; `refold_own` does the rest once the caller's transaction is over.
    """
    told = sorted({(account_id, *key) for account_id, text in lines if (key := own_key(text))})
    fresh = [each for each in told if each not in known]
    for account_id, kind, join_key in fresh:
        _add(account_id, [(kind, join_key)], is_learned=True)
    return {(kind, join_key) for _, kind, join_key in fresh}


def _add(account_id: int, keys: Iterable[OwnKey], *, is_learned: bool) -> None:
    OwnAddress.objects.bulk_create(
        (OwnAddress(account_id=account_id, kind=k, join_key=j, is_learned=is_learned) for k, j in sorted(keys)),
        ignore_conflicts=True,
    )


def refold_own(changed: Iterable[OwnKey]) -> None:
    """Identifiers that are ours now, or no more, are closed or opened, and who was joined by them is resolved anew."""
    wanted = frozenset(join_key for _, join_key in changed)
    if not wanted:
        return
    keys = {
        (kind, scope, join_key)
        for kind, scope, join_key in Identifier.objects.filter(
            kind__in=(IdentifierKind.PHONE, IdentifierKind.EMAIL), join_key__in=wanted
        ).values_list("kind", "scope", "join_key")
    }
    if keys:
        with transaction.atomic():
            _reopen(keys)


def _reopen(keys: set[JoinKey]) -> None:
    take_advisory_locks(lock_numbers((), keys))
    policy = active_policy()

    def amend(_: Component) -> Amended:
        return Amended(users_of(refold_status(keys, policy)))

    reassign(users_of(keys), policy, amend=amend)
