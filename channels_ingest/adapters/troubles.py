"""What a provider's error means, apart from its code."""

import re
from dataclasses import dataclass

from channels_ingest.adapters.base import clean

#: What an error says of the address, see `sending.Refused.closes`.
OPTED_OUT, WINDOW, UNREACHABLE = "opted_out", "window", "unreachable"
#: What it says of the line: it may not send at all, whoever the message is for.
CREDENTIALS = "credentials"
LONGEST_REASON = 300
_LONGEST_READ = 2_000  # before addresses are taken out, which costs the square of a word's length
_NUMBER = re.compile(r"\+?\d[\d -]{5,}\d")
_MAILBOX = re.compile(r"[^\s<>@]+@[^\s<>@]+")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error in words. `closes` is what it says of the address; `is_passing` that it may work later."""

    reason: str
    closes: str = ""
    is_passing: bool = False


def shown_words(said: object) -> str:
    """A provider's own words as an agent may see them: without the addresses that it likes to repeat, not endless."""
    return _MAILBOX.sub("…", _NUMBER.sub("…", clean(said)[:_LONGEST_READ])).strip()[:LONGEST_REASON]
