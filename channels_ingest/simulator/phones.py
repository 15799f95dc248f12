"""A customer's phone and the shop's own: each does something and says what Meta would report of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from channels_ingest.simulator import payloads
from channels_ingest.simulator.payloads import Customer, Happening, Json, Line, wamid_of


class Phone:
    """A customer who talks with one line of the business.

    Ids follow from `seed` and the order of what is done, so the same story has the same ids.
    `last_text` and `last_answer` are the ids of the customer's last text and of the business's last message.
    """

    def __init__(self, line: Line, customer: Customer, *, seed: str) -> None:
        self.line = line
        self.customer = customer
        self.seed = seed
        self.last_text = ""
        self.last_answer = ""
        self._numbers: Iterator[int] = count()

    def _next_id(self) -> str:
        return wamid_of(self.seed, self.line.number_id, next(self._numbers))

    def writes(self, body: str, *, at: datetime, **extra: Any) -> Happening:
        """A text. `extra` may hold a context, a referral or a group."""
        self.last_text = self._next_id()
        return payloads.text_message(self.line, self.customer, body, wamid=self.last_text, at=at, **extra)

    def answers(self, body: str, *, at: datetime) -> Happening:
        """A text in reply to the business's last message."""
        context = {"from": self.line.display_number, "id": self.last_answer}
        return self.writes(body, at=at, context=context) if self.last_answer else self.writes(body, at=at)

    def sends(self, kind: str, *, at: datetime, caption: str = "", filename: str = "") -> Happening:
        """An image, voice message (audio), video, document or sticker."""
        wamid = self._next_id()
        content = payloads.media(kind, wamid, caption=caption, filename=filename)
        return payloads.message(self.line, self.customer, wamid, at, kind, content)

    def shares(self, kind: str, content: Any, *, at: datetime) -> Happening:
        """A location, contacts, an order or the choice in an interactive message, as Meta writes its content."""
        extra: Json = {}
        if kind in ("interactive", "button") and self.last_answer:
            extra["context"] = {"from": self.line.display_number, "id": self.last_answer}
        return payloads.message(self.line, self.customer, self._next_id(), at, kind, content, **extra)

    def reacts(self, emoji: str, *, at: datetime) -> Happening:
        """A reaction to the business's last message; an empty one takes it back."""
        return payloads.reaction(self.line, self.customer, emoji, to=self.last_answer, wamid=self._next_id(), at=at)

    def edits(self, body: str, *, at: datetime) -> Happening:
        """Another wording of the customer's last text."""
        return payloads.edit(self.line, self.customer, body, of=self.last_text, wamid=self._next_id(), at=at)

    def deletes(self, *, at: datetime) -> Happening:
        """The customer's last text, deleted for everyone."""
        return payloads.revoke(self.line, self.customer, of=self.last_text, wamid=self._next_id(), at=at)

    def moves_to(self, new_wa_id: str, *, at: datetime) -> Happening:
        """A change of number; from here on the phone has the new one."""
        change = payloads.number_change(self.line, self.customer, new_wa_id, wamid=self._next_id(), at=at)
        self.customer = replace(self.customer, wa_id=new_wa_id)
        return change

    def prefers(self, value: str, *, at: datetime) -> Happening:
        """Marketing messages stopped (`stop`) or wanted again (`resume`)."""
        return payloads.preference(self.line, self.customer, value, at=at)

    def is_answered(self, kind: str, content: Json, *, at: datetime) -> Happening:
        """The business writes back from its own WhatsApp app."""
        self.last_answer = self._next_id()
        return payloads.echo(self.line, self.customer, self.last_answer, at, kind, content)

    def is_reacted_to(self, emoji: str, *, at: datetime) -> Happening:
        """The business reacts to the customer's last text."""
        content = {"message_id": self.last_text, "emoji": emoji}
        return payloads.echo(self.line, self.customer, self._next_id(), at, "reaction", content)

    def receives(self, *, at: datetime, seen_after: timedelta | None, failure: int = 0) -> list[Happening]:
        """The statuses of the business's last message: sent, delivered and, if it is looked at, read; or failed."""
        of = self.last_answer
        sent = payloads.status(self.line, self.customer, "sent", of=of, at=at)
        later = at + timedelta(seconds=2)
        if failure:
            return [sent, payloads.status(self.line, self.customer, "failed", of=of, at=later, failure=failure)]
        states = [sent, payloads.status(self.line, self.customer, "delivered", of=of, at=later)]
        if seen_after is not None:
            states.append(payloads.status(self.line, self.customer, "read", of=of, at=later + seen_after))
        return states
