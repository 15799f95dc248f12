"""The routed items of one transaction, each with the account and the envelope it belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from channels_ingest.consenting import changes_in, set_aside
from channels_ingest.messages import (
    AccountNotice,
    AddressChange,
    Amendment,
    ConsentChange,
    ContactHint,
    Errand,
    Introduction,
    Item,
    Located,
    Message,
)
from channels_ingest.models import AccountNotice as StoredNotice
from channels_ingest.models import Envelope
from channels_ingest.models import Errand as StoredErrand
from channels_ingest.ourselves import Ourselves
from channels_ingest.routing import Router

#: What is about one customer.
Personal = Message | Amendment | AddressChange | ConsentChange | ContactHint | Introduction


@dataclass(frozen=True, slots=True)
class Placed:
    """An item with the account and envelope it belongs to."""

    account_id: int
    envelope_id: int | None
    item: Personal
    set_aside: str = ""


class Place(NamedTuple):
    """Where an item stands: its channel identity, and the sightings that it made or confirmed."""

    identity_id: int
    sightings: list[int]


@dataclass(slots=True)
class Batch:
    """The routed items of one transaction."""

    ourselves: Ourselves = field(default_factory=Ourselves)
    placed: list[Placed] = field(default_factory=list)
    notices: list[StoredNotice] = field(default_factory=list)
    errands: list[StoredErrand] = field(default_factory=list)
    with_rivals: set[int | None] = field(default_factory=set)
    wanted: int = 0

    def add(self, envelope: Envelope, items: Iterable[Located], router: Router, faults: list[str]) -> list[str]:
        """The envelope's items are in the batch; those no account owns are added to `faults`.

        Returns the places of those that our own lines and colleagues wrote, which are left out.
        """
        ours = []
        for located in items:
            account_id = router.account_id(envelope.account, located.route)
            item: Item | None = located.item
            if self.ourselves.wrote(located.item):
                item = self.ourselves.behind(located.item)
            if account_id is None:
                faults.append(f"{located.path}: no account with number id {located.route}; connect it and replay")
            elif isinstance(item, Errand):
                self.errands.append(
                    StoredErrand(account_id=account_id, kind=item.kind, key=item.key[:255], detail=dict(item.detail))
                )
            elif item is None:
                ours.append(located.path)
            elif isinstance(item, AccountNotice):
                self.notices.append(
                    StoredNotice(
                        account_id=account_id,
                        key=item.key[:255],
                        kind=item.kind[:60],
                        occurred_at=item.occurred_at,
                        detail=dict(item.detail),
                    )
                )
            else:
                self._place(account_id, envelope, item)  # type: ignore[arg-type]
        return ours

    def amend(self, account_id: int, envelope_id: int | None, amendment: Amendment) -> None:
        """What the hub itself found out about a message is in the batch."""
        self.placed.append(Placed(account_id, envelope_id, amendment))

    def _place(self, account_id: int, envelope: Envelope, item: Personal) -> None:
        """The item, and after a message what it says about consent."""
        if not isinstance(item, Message):
            self.placed.append(Placed(account_id, envelope.pk, item))
            return
        channel = envelope.account.channel
        changes = changes_in(item, channel)
        self.placed.append(Placed(account_id, envelope.pk, item, set_aside(item, changes)))
        self.placed += [Placed(account_id, envelope.pk, change) for change in changes]
