"""How a member of staff likes their pages: read out of what is stored, whatever that holds."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from profiles.models import StaffMember

THEMES = ("", "light", "dark")
DENSITIES = ("", "compact")


@dataclass(frozen=True, slots=True)
class Preferences:
    """Empty words leave it to the browser. `keys` are those that were changed, by ours (`timeline.keys`).

    `has_notice_text`: notices on the desktop say whom they are about, and what was written.
    """

    theme: str = ""
    language: str = ""
    zone: str = ""
    density: str = ""
    has_keys: bool = True
    has_notices: bool = False
    has_notice_text: bool = False
    has_declined_notices: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)


def preferences_of(member: StaffMember) -> Preferences:
    """What the member chose; what is odd or no longer there counts as not chosen."""
    said = member.preferences if isinstance(member.preferences, dict) else {}
    keys = said.get("keys")
    return Preferences(
        theme=_one_of(said.get("theme"), THEMES),
        language=str(said.get("language") or "")[:20],
        zone=said["zone"] if is_zone(said.get("zone")) else "",
        density=_one_of(said.get("density"), DENSITIES),
        has_keys=said.get("has_keys", True) is not False,
        has_notices=said.get("has_notices") is True,
        has_notice_text=said.get("has_notice_text") is True,
        has_declined_notices=said.get("has_declined_notices") is True,
        keys={str(k): str(v) for k, v in keys.items()} if isinstance(keys, dict) else {},
    )


def prefer(member: StaffMember, **changed: Any) -> Preferences:
    """The member's preferences with these changed, stored."""
    wanted = Preferences(**{**asdict(preferences_of(member)), **changed})
    member.preferences = {name: value for name, value in asdict(wanted).items() if value != _DEFAULTS[name]}
    member.save(update_fields=["preferences"])
    return wanted


_DEFAULTS = asdict(Preferences())


def _one_of(value: object, known: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in known else ""


def is_zone(name: object) -> bool:
    """Whether it names a time zone."""
    if not isinstance(name, str) or not name:
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
