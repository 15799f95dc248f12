"""Where a customer can be reached, a line for each address: its consents in a few words, and what the ledger says.

Whether an address can be answered at this moment is the reply box's to say: its fragment fills in `state`.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from profiles.reading_rights import hidden_now
from timeline.pages.consent import ASKED, ConsentRow, consent_part
from timeline.pages.panel import AddressRow, Panel
from timeline.showing.dates import written

#: Addresses that stand beside the timeline; the others are a click away.
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow(ConsentRow):
    """A word or a block as the ledger has it, and `short` for a line of many."""

    short: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRow:
    """One address. `state` says in a few words whether it can be answered, `reason` why not.

    It is blocked by who may read its line.
    """

    at: AddressRow
    said: list[SaidRow]
    takes_consent: bool
    may_block: bool
    state: str = ""
    tone: str = ""
    reason: str = ""

    @property
    def held(self) -> bool:
        """Whether a message may have been an opt-out."""
        return any(row.is_held for row in self.said)

    @property
    def named(self) -> str:
        """The address with its channel."""
        return f"{self.at.channel_word} {self.at.shown}"

    def told(self, *, state: str, tone: str, reason: str) -> "ReachRow":
        """The same, with what the reply box knows."""
        return replace(self, state=state, tone=tone, reason=reason)


def reach_of(panel: Panel) -> list[ReachRow]:
    """A row for each address that something can be sent to, the last used first; no query."""
    said: dict[int, list[SaidRow]] = {}
    for row in consent_part(panel).rows:
        said.setdefault(row.identity_id, []).append(_said(row))
    hidden = hidden_now()
    return [
        ReachRow(
            at=at,
            said=said.get(at.id, []),
            takes_consent=at.channel in ASKED,
            may_block=at.account_id not in hidden,
        )
        for at in panel.addresses
        if at.channel != "store"
    ]


def shown_of(reach: list[ReachRow]) -> dict[str, Any]:
    """What the panel lists of it: of many the last used, and before them those where somebody should look."""
    if len(reach) > SHOWN:
        reach = sorted(reach, key=lambda row: not row.held)
    return {"reach": reach[:SHOWN], "reach_more": max(0, len(reach) - SHOWN)}


def _said(row: ConsentRow) -> SaidRow:
    facts = {"when": written(row.since, "day"), "source": row.source, "word": ""}
    if row.is_held:
        short, tone = _("perhaps an opt-out (%(when)s)"), "warn"
    elif row.is_block:
        short, tone = _("blocked by the provider (%(when)s)"), "bad"
    elif row.purpose == "all":
        short = _("messages yes (%(when)s)") if row.is_granted else _("no messages (%(source)s on %(when)s)")
        tone = "good" if row.is_granted else "bad"
    else:
        short = _("marketing yes (%(when)s)") if row.is_granted else _("marketing no (%(source)s on %(when)s)")
        tone = "good" if row.is_granted else "bad"
    values = {name: getattr(row, name) for name in ConsentRow.__dataclass_fields__}
    return SaidRow(**values, short=short % facts, tone=tone)
