"""Who of the senders is ourselves: a line of ours, or a colleague by mail. They make no customer."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.db import transaction

from channels_ingest.messages import Item, Located
from profiles.identity.canonical import email_join_key
from profiles.identity.values import IdentifierKind, Sender
from profiles.models import StaffMember
from profiles.own import is_ours, own_keys
from profiles.own_lines import learn_own, refold_own


@dataclass(frozen=True, slots=True)
class Ourselves:
    """Join keys of our lines, and of the mail addresses that our staff log in with."""

    lines: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()

    @classmethod
    def met(cls, located: Iterable[tuple[int, Located]]) -> "Ourselves":
        """As known now, the lines that these deliveries came in on included. Called before any lock is taken.

        Identifiers of a line just learned are closed after the transaction: their locks come before others.
        """
        items = list(located)
        learned = learn_own({(account_id, each.line) for account_id, each in items if each.line})
        if learned:
            transaction.on_commit(partial(refold_own, learned), robust=True)
        mails = {key for _, each in items if (key := _mailbox(each.item))}
        return cls(own_keys(), _staff(mails) if mails else frozenset())

    def wrote(self, item: Item) -> bool:
        """Whether the customer's side of the item is no customer but one of us."""
        sender = getattr(item, "sender", None)
        if sender is None:
            return False
        return is_ours(sender, self.lines) or (bool(self.staff) and _mailbox(item) in self.staff)


def _mailbox(item: Item) -> str:
    """The join key of a sender whose address is a mailbox; empty for any other."""
    sender = getattr(item, "sender", None)
    return email_join_key(sender.address) if isinstance(sender, Sender) and _is_mail(sender) else ""


def _is_mail(sender: Sender) -> bool:
    return any(i.kind is IdentifierKind.EMAIL and i.value == sender.address for i in sender.identifiers)


def _staff(mailboxes: set[str]) -> frozenset[str]:
    """Which of the mailboxes are a colleague's."""
    rows = StaffMember.objects.filter(is_active=True).values_list("email", flat=True)
    return frozenset(email_join_key(email) for email in rows) & mailboxes
