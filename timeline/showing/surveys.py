"""What customers answered when they were asked how it was: in words, and which way it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from timeline.brief.mood import LOW, score_of
from timeline.models import Entry

#: Answers of the side panel, and of the trend.
SURVEYS_SHOWN = 5
#: A change smaller than this part of the scale is none.
STEADY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    """One answer: "CSAT 2 of 5" and what was written. `share` is the score as a part of the best, None without one."""

    entry_id: int
    title: str
    text: str
    at: datetime
    share: float | None

    @property
    def is_low(self) -> bool:
        """Whether somebody should look."""
        return self.share is not None and self.share <= LOW


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """The newest answers, newest first, and in words which way they go; empty for fewer than two scores."""

    rows: list[SurveyRow]
    trend: str
    tone: str = ""


def survey_of(entry: Entry) -> SurveyRow:
    """The answer in words. Nothing here trusts the shape of `detail`."""
    detail = entry.detail if isinstance(entry.detail, dict) else {}
    named = detail.get("name")
    name = named if isinstance(named, str) and named.strip() else _("Survey")
    score = score_of(detail)
    title = name
    if score is not None:
        facts = {"name": name, "score": f"{score['score']:g}", "best": f"{score['of']:g}"}
        title = _("%(name)s %(score)s of %(best)s") % facts
    return SurveyRow(
        entry_id=entry.pk,
        title=title,
        text=entry.text,
        at=entry.occurred_at,
        share=score["score"] / score["of"] if score else None,
    )


def satisfaction_of(rows: Sequence[SurveyRow]) -> Satisfaction:
    """The newest of the rows (newest first), with their trend: the last score beside the mean of those before."""
    shown = list(rows[:SURVEYS_SHOWN])
    shares = [row.share for row in shown if row.share is not None]
    if len(shares) < 2:
        return Satisfaction(shown, "")
    last, before = shares[0], sum(shares[1:]) / len(shares[1:])
    if abs(last - before) < STEADY:
        return Satisfaction(shown, _("About the same as before"))
    if last < before:
        return Satisfaction(shown, _("Lower than before"), "down")
    return Satisfaction(shown, _("Higher than before"), "up")
