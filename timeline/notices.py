"""Telling one member that something is theirs now: assigned to them, or a note that names them. Ids only."""

import json
from typing import Any

from timeline.live import PAUSE_SECONDS, Bus
from timeline.nudges import CHANNEL

_bus = Bus(fault="notice not sent", pause_seconds=PAUSE_SECONDS)


def noticed(detail: dict[str, Any]) -> list[int]:
    """Whom a work entry or a note is news to: not who did it."""
    told = [detail["to"]] if detail.get("type") == "assigned" else detail.get("mentions", [])
    return sorted({member for member in told if member != detail.get("actor")})


def tell_members(entry_id: int, detail: dict[str, Any]) -> None:
    """The open pages of whom it is news to hear of the entry, and nobody else's. Never raises, takes 0.1 s at most."""
    if members := noticed(detail):
        _bus.publish(CHANNEL, [json.dumps({"n": entry_id, "to": members})])
