"""What an agent chooses from: lines that can be written from, and the customers who have an address."""

from collections.abc import Iterable
from dataclasses import dataclass

from channels_ingest.sending.lines import SendingLine
from channels_ingest.starting.addressing import lines_to_start_on
from profiles.adding import TakenError
from profiles.models import ChannelAccount, Profile
from timeline.pages.panel import name_of
from timeline.search.people import Found, addresses_of
from timeline.showing.wording import channel_of


@dataclass(frozen=True, slots=True)
class LineChoice:
    """A line. `is_simulated`: it has no credentials, so that no real customer is reached."""

    account: ChannelAccount
    icon: str
    word: str
    is_simulated: bool

    @property
    def id(self) -> int:
        return self.account.pk

    @property
    def channel(self) -> str:
        return self.account.channel


def line_choices(lines: Iterable[tuple[ChannelAccount, SendingLine]] | None = None) -> list[LineChoice]:
    """The lines on which we may write first."""
    found = lines_to_start_on() if lines is None else lines
    return [LineChoice(account, *channel_of(account.channel), line.is_simulated) for account, line in found]


def holders_of(error: TakenError) -> list[Found]:
    """The customers who have the address, as a list shows them."""
    names = dict(Profile.objects.filter(id__in=error.profile_ids).values_list("id", "display_name"))
    return [Found(pk, name_of(names.get(pk, "")), addresses_of(pk)) for pk in error.profile_ids]
