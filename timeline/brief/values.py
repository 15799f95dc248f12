"""What the rules of the brief read and what they find, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Rule(StrEnum):
    """What a line of the brief is about, in the order in which lines are shown."""

    QUESTION = "question"  # the customer asked, and nobody has answered since
    REPEAT = "repeat"  # the same was asked before, on another channel
    PROMISE = "promise"  # we named a day
    ORDER = "order"  # an order or payment in trouble
    FAILED = "failed"  # a message of ours that never arrived, and nothing went out since
    MOOD = "mood"  # capitals, repeated marks, strong words, low scores: as facts
    SWITCH = "switch"  # the customer went on on another channel
    COLLEAGUES = "colleagues"  # what others did meanwhile
    FILES = "files"  # what the customer sent along


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One entry as the rules read it. `text` is what its writer says now, without the mails it repeats.

    `is_ours`: the business said it, and no machine. `detail` is an entry's, of any shape.
    """

    id: int
    at: datetime
    kind: str
    direction: str = "in"
    channel: str = ""
    text: str = ""
    delivery: str | None = None
    is_automatic: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_said(self) -> bool:
        """Whether the customer wrote it."""
        return self.kind == "message" and self.direction == "in" and not self.is_automatic

    @property
    def is_answer(self) -> bool:
        """Whether a person wrote it to the customer, and it has not failed."""
        return self.is_ours and self.delivery != "failed"

    @property
    def is_ours(self) -> bool:
        """Whether a colleague wrote it to the customer."""
        return self.kind == "message" and self.direction == "out" and not self.is_automatic


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: the rule, the entry it leads to, what is quoted, and the facts its words need."""

    rule: Rule
    entry: int
    at: datetime
    quote: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
