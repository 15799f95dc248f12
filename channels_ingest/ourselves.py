"""Who of the senders is ourselves: a line of ours, or a colleague by mail. They make no customer."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from msgspec.structs import replace

from channels_ingest.messages import Item, Located, Message
from profiles.identity.canonical import email_join_key
from profiles.identity.mailbox import ascii_lower
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.identity.worth import is_own
from profiles.models import StaffMember
from profiles.own import is_ours, own_rows
from profiles.own_lines import learn_own, refold_own
from timeline.entries import Direction


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
        known = own_rows()
        learned = learn_own({(account_id, each.line) for account_id, each in items if each.line}, known)
        if learned:
            transaction.on_commit(partial(refold_own, learned), robust=True)
        mails = {key for _, each in items if (key := _mailbox(each.item))}
        answered = (getattr(each.item, "detail", {}).get("reply_address") for _, each in items)
        mails |= {email_join_key(address) for address in answered if isinstance(address, str)} if mails else set()
        lines = frozenset(join_key for _, _, join_key in known) | {join_key for _, join_key in learned}
        return cls(lines, _staff(mails) if mails else frozenset())

    def wrote(self, item: Item) -> bool:
        """Whether the customer's side of the item is no customer but one of us."""
        sender = getattr(item, "sender", None)
        if sender is None:
            return False
        return is_ours(sender, self.lines) or (bool(self.staff) and _mailbox(item) in self.staff)

    def behind(self, item: Item) -> Item | None:
        """A form on our own site mails from our address and names who filled it in as the one to answer: it is theirs,
        by a claim that nothing proves. None for what is really ours.
        """
        address = ascii_lower(str(item.detail.get("reply_address") or "")) if isinstance(item, Message) else ""
        key = email_join_key(address)
        if "@" not in address or not isinstance(item, Message) or item.direction is not Direction.IN:
            return None
        if key in self.staff or is_own(IdentifierKind.EMAIL, address, self.lines) or not _is_mail(item.sender):
            return None
        claim = SeenIdentifier(IdentifierKind.EMAIL, address, "", Grade.CLAIMED)
        sender = Sender(address=address, standing=Standing.UNPROVED, identifiers=(claim,))
        return replace(item, sender=sender, detail={**item.detail, "form_of": item.sender.address})


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
