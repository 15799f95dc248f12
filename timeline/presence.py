"""Who looks at a customer now, and who writes to them. Kept in Valkey for seconds, told to open pages, never stored.

It warns and blocks nothing: when Valkey is away nobody is present.
"""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, cast

import redis
from django.db import connection

from profiles.models import StaffMember
from timeline.live import Bus
from timeline.nudges import CHANNEL

#: A page says every 20 seconds that it is still open; after this it is taken for closed.
PRESENT_SECONDS = 45
#: So long a page that was left open in front of nobody's eyes may claim that somebody writes.
WRITING_SECONDS = 25

_bus = Bus(fault="presence not told", pause_seconds=2.0)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague on a customer's page. `channel` is the code of the one they write on, empty when unknown."""

    member_id: int
    name: str
    is_writing: bool
    channel: str


class Place(NamedTuple):
    """On which customer a member is, writing or not, and on which channel. Of two tabs the one that writes counts."""

    member_id: int
    profile_id: int
    is_writing: bool
    channel: str

    @property
    def state(self) -> str:
        """As pages are told."""
        return "writes" if self.is_writing else "looks"


def note(member_id: int, tab: str, profile_id: int, *, is_writing: bool = False, channel: str = "") -> None:
    """The member's tab shows the customer, for `PRESENT_SECONDS` or until it says otherwise; who sees it was told."""
    value = {"p": profile_id, "w": is_writing, "ch": channel, "at": round(time.time())}
    _change(f"{member_id}:{tab}", json.dumps(value))


def leave(member_id: int, tab: str) -> None:
    """The tab shows no customer any more; another tab of the member may."""
    _change(f"{member_id}:{tab}", None)


def places(*, without: int | None = None) -> list[Place]:
    """Where every member is now; empty when Valkey is away."""
    return sorted(place for place in _places(_known() or {}) if place.member_id != without)


def present(profile_ids: Iterable[int], *, without: int | None = None) -> dict[int, list[Present]]:
    """The colleagues on each of the customers, those who write first; customers with nobody are left out."""
    wanted = set(profile_ids)
    here = [place for place in places(without=without) if place.profile_id in wanted]
    names = names_of({place.member_id for place in here})
    found: defaultdict[int, list[Present]] = defaultdict(list)
    for place in sorted(here, key=lambda place: not place.is_writing):
        if place.member_id in names:
            each = Present(place.member_id, names[place.member_id], place.is_writing, place.channel)
            found[place.profile_id].append(each)
    return dict(found)


def names_of(member_ids: Collection[int]) -> dict[int, str]:
    """What colleagues call each member; nobody asks the database about nobody."""
    if not member_ids:
        return {}
    return {member.pk: str(member) for member in StaffMember.objects.filter(pk__in=member_ids, is_active=True)}


def _key() -> str:
    """Two hubs, or a hub and a test, may share a Valkey."""
    return f"cxhub:presence:{connection.settings_dict['NAME']}"


def _known() -> dict[bytes, bytes] | None:
    """Every tab's field, stale ones too; None when Valkey is away."""
    return _bus.ask(lambda client: cast("dict[bytes, bytes]", client.hgetall(_key())))


def _change(field: str, value: str | None) -> None:
    """The tab's field is this; pages hear which members are now elsewhere, by ids."""
    known = _known()
    if known is None:
        return
    after = {name: each for name, each in known.items() if name != field.encode() and _is_fresh(each)}
    gone = known.keys() - after.keys() - {field.encode()}
    if value is not None:
        after[field.encode()] = value.encode()
    before_places, after_places = set(_places(known)), set(_places(after))

    def write(client: redis.Redis) -> None:
        pipeline = client.pipeline(transaction=False)
        if value is None:
            pipeline.hdel(_key(), field)
        else:
            pipeline.hset(_key(), field, value)
            pipeline.expire(_key(), 2 * PRESENT_SECONDS)
        if gone:
            pipeline.hdel(_key(), *gone)
        for told in _told(before_places, after_places):
            pipeline.publish(CHANNEL, json.dumps(told))
        pipeline.execute()

    _bus.ask(write)


def _told(before: set[Place], after: set[Place]) -> list[dict[str, object]]:
    """What pages hear: `p` the customer, `m` the member, `s` what they do there now."""
    stays = {(place.member_id, place.profile_id) for place in after}
    left = [place for place in before if (place.member_id, place.profile_id) not in stays]
    return [
        *({"p": place.profile_id, "m": place.member_id, "s": "gone"} for place in sorted(left)),
        *(
            {"p": place.profile_id, "m": place.member_id, "s": place.state, "ch": place.channel}
            for place in sorted(after - before)
        ),
    ]


def _places(known: dict[bytes, bytes]) -> list[Place]:
    """One place for each member and customer that they have open."""
    found: dict[tuple[int, int], Place] = {}
    for field, raw in known.items():
        if not _is_fresh(raw):
            continue
        value = json.loads(raw)
        member_id = int(field.partition(b":")[0])
        is_writing = bool(value["w"]) and time.time() - value["at"] < WRITING_SECONDS
        place = Place(member_id, value["p"], is_writing, value["ch"] if is_writing else "")
        other = found.get((member_id, place.profile_id))
        if other is None or is_writing:
            found[member_id, place.profile_id] = place
    return list(found.values())


def _is_fresh(raw: bytes) -> bool:
    return time.time() - int(json.loads(raw)["at"]) < PRESENT_SECONDS
