"""Facts of the lines for who looks after them: what came last, what went last, what was refused, in a word how it is.

Facts and no verdict from one failure: a line is silent only measured by its own usual pace, and what it refuses is
counted (FEATURES: a time-out once made a product tell its admins to log in again, and drop what came).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest import envelopes
from channels_ingest.adapters import trusted_server, webchat
from channels_ingest.adapters.base import Setting
from channels_ingest.adapters.troubles import CREDENTIALS
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.registry import ADAPTERS
from channels_ingest.sparkline import Sparkline, sparkline
from profiles.models import ChannelAccount, OwnAddress
from timeline.showing.ages import span

#: The newest deliveries that tell a line's pace and how many were odd.
LATEST = 200
#: A line with fewer has no pace yet.
FEWEST_FOR_PACE = 10
#: A pause of so many usual ones, and of an hour at least, is silence.
LONG = 10
SHORTEST_SILENCE = timedelta(hours=1)
DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Health:
    """A line as it is. `state` is a word for the stylesheet, `words` say it; of the `looked_at` newest deliveries so
    many were `odd`: dead or not understood. `sent_odd` of `sent` messages of a day failed or are in doubt."""

    account: ChannelAccount
    state: str
    words: str
    address: str
    last_inbound: datetime | None
    last_outbound: datetime | None
    refused: int
    day: Sparkline
    odd: int
    looked_at: int
    sent: int
    sent_odd: int

    @property
    def odd_percent(self) -> int:
        return round(100 * self.odd / self.looked_at) if self.looked_at else 0


_LATEST = """
SELECT a.id, e.received_at, e.state FROM unnest(%(ids)s::bigint[]) AS a(id)
CROSS JOIN LATERAL (
    SELECT received_at, state FROM channels_ingest_envelope
    WHERE account_id = a.id AND headers ->> %(origin)s IS DISTINCT FROM %(test)s ORDER BY id DESC LIMIT %(latest)s
) e
"""
_COUNTED = """
SELECT account_id, outcome, hour, count FROM channels_ingest_intakecount
WHERE account_id = ANY(%(ids)s) AND outcome IN ('accepted', 'refused') AND hour >= %(since)s
"""
_SENT = """
SELECT a.id, o.last, o.total, o.odd, o.closes FROM unnest(%(ids)s::bigint[]) AS a(id)
CROSS JOIN LATERAL (
    SELECT max(created_at) AS last, count(*) FILTER (WHERE created_at >= %(since)s) AS total,
        count(*) FILTER (WHERE created_at >= %(since)s AND state IN ('failed', 'unknown')) AS odd,
        (array_agg(closes ORDER BY id DESC) FILTER (WHERE state IN ('sent', 'failed')))[1] AS closes
    FROM (
        SELECT id, created_at, state, closes FROM channels_ingest_outboxmessage WHERE account_id = a.id
        ORDER BY id DESC LIMIT %(latest)s
    ) newest
) o
"""


def health_of(accounts: Iterable[ChannelAccount], *, now: datetime | None = None) -> list[Health]:
    """The lines' health, in a few queries however many there are and however old."""
    rows = list(accounts)
    now = now or timezone.now()
    asked = {
        "ids": [account.pk for account in rows],
        "latest": LATEST,
        "since": now - DAY,
        "origin": envelopes.ORIGIN,
        "test": envelopes.TEST,
    }
    came: dict[int, list[tuple[datetime, str]]] = {}
    for pk, at, state in _rows(_LATEST, asked):
        came.setdefault(pk, []).append((at, state))
    counted: dict[tuple[int, str], dict[datetime, int]] = {}
    for pk, outcome, hour, count in _rows(_COUNTED, asked):
        counted.setdefault((pk, outcome), {})[hour] = count
    sent = {pk: row for pk, *row in _rows(_SENT, asked)}
    own: dict[int, list[str]] = {}
    for account_id, key in OwnAddress.objects.filter(account__in=rows).values_list("account_id", "join_key"):
        own.setdefault(account_id, []).append(key)
    return [
        _health(
            account,
            came.get(account.pk, []),
            counted.get((account.pk, IntakeCount.Outcome.ACCEPTED), {}),
            counted.get((account.pk, IntakeCount.Outcome.REFUSED), {}),
            sent[account.pk],
            own,
            now,
        )
        for account in rows
    ]


def _health(
    account: ChannelAccount,
    came: Sequence[tuple[datetime, str]],
    taken: Mapping[datetime, int],
    refused: Mapping[datetime, int],
    sent: Sequence[Any],
    own: Mapping[int, list[str]],
    now: datetime,
) -> Health:
    times = sorted((at for at, _state in came), reverse=True)
    last_outbound, total, sent_odd, closes = sent
    state, words = _state(account, times, max(refused, default=None), now, is_denied=closes == CREDENTIALS)
    odd = sum(1 for _at, each in came if each in (Envelope.State.DEAD, Envelope.State.NOT_UNDERSTOOD))
    return Health(
        account=account,
        state=state,
        words=words,
        address=account.setting("from") or ", ".join(sorted(own.get(account.pk, ()))[:2]),
        last_inbound=times[0] if times else None,
        last_outbound=last_outbound,
        refused=sum(refused.values()),
        day=sparkline(taken, refused, now),
        odd=odd,
        looked_at=len(came),
        sent=total,
        sent_odd=sent_odd,
    )


def _state(
    account: ChannelAccount, times: Sequence[datetime], refused: datetime | None, now: datetime, *, is_denied: bool
) -> tuple[str, str]:
    """The word that says most."""
    if not account.is_enabled:
        return "off", _("Switched off")
    # A count is of a whole hour: what came since its end is proof that signatures are right again.
    if refused and (not times or times[0] < refused + timedelta(hours=1)):
        return "refusing", _("Refusing signatures")
    if is_denied:
        return "denied", _("Credentials refused")
    if not times:
        return "waiting", _("Waiting for first event")
    pause = now - times[0]
    if len(times) >= FEWEST_FOR_PACE:
        usual = timedelta(seconds=median((a - b).total_seconds() for a, b in pairwise(times)))
        if pause > max(usual * LONG, SHORTEST_SILENCE):
            facts = {"time": span(int(pause.total_seconds())), "usual": span(int(usual.total_seconds()))}
            return "silent", _("Silent for %(time)s (usual gap %(usual)s)") % facts
    return "receiving", _("Receiving")


@dataclass(frozen=True, slots=True)
class SettingView:
    """One setting of a line: its value, or of a secret only when each live one was given, newest first."""

    setting: Setting
    value: str
    given: Sequence[datetime]

    @property
    def is_set(self) -> bool:
        """Whether it says something, or is a secret without which the line cannot receive."""
        return bool(self.value or self.given or self.setting.required)


def settings_of_line(account: ChannelAccount) -> list[SettingView]:
    """Every setting that the line's adapter knows, in its order."""
    given: dict[str, list[datetime]] = {}
    for name, at in account.secrets.order_by("-id").values_list("name", "created_at"):
        given.setdefault(name, []).append(at)
    adapter = ADAPTERS.get(account.provider)
    return [
        SettingView(setting, "" if setting.secret else account.setting(setting.name), given.get(setting.name, ()))
        for setting in (adapter.settings if adapter else ())
    ]


def webhook_url_of(account: ChannelAccount) -> str:
    """Where the provider posts; empty for a line to which nobody posts."""
    if account.provider in (webchat.PROVIDER, trusted_server.PROVIDER):
        return ""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/{account.provider}/{account.key}/"


def embed_of(account: ChannelAccount) -> str:
    """The line of HTML that shows a chat on a site; empty for what is no chat."""
    if account.provider != webchat.PROVIDER:
        return ""
    return f'<script async src="{settings.PUBLIC_BASE_URL}/chat/v1/w.js" data-key="{account.key}"></script>'


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
