"""What providers of mail answer to a send, by the status that all of them use alike."""

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.sending import Answer, Outcome, Refused, TryLater, Unclear
from channels_ingest.adapters.words import gettext_noop

LONGEST_REASON = 300


def outcome_of_status(answer: Answer, *, code: str = "", reason: str = "", closes: str = "") -> Outcome:
    """What an answer means that is no success. `code` and `reason` are the provider's own words, if it had any."""
    words = " ".join(clean(reason).split())[:LONGEST_REASON]
    code = code or str(answer.status)
    if answer.status == 429:
        return TryLater(
            code=code,
            reason=gettext_noop("the provider takes fewer messages at the moment"),
            after_seconds=_seconds(answer),
        )
    if answer.status in (401, 403):
        return Refused(code=code, reason=words or gettext_noop("the provider refuses the account's credentials"))
    if 400 <= answer.status < 500 and answer.status != 408:
        return Refused(code=code, reason=words or gettext_noop("the provider refuses it"), closes=closes)
    return Unclear(reason=gettext_noop("the provider answered with an error of its own"))


def _seconds(answer: Answer) -> float:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0.0
