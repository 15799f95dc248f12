"""What every template may name."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from profiles.models import StaffMember
from profiles.preferences import Preferences, preferences_of
from timeline.keys import GROUPS, meaning_of
from timeline.pages.panes import panes_of

THEMES = ("light", "dark")


def hub(request: HttpRequest) -> dict[str, Any]:
    """`theme` is the agent's own choice, empty when the system decides; it is a cookie so that no page flashes.

    `density` and the keys are those of whoever is logged in. `has_simulator_page`: the customer's side can be played in
    the browser.
    """
    member = getattr(request, "user", None)
    mine = preferences_of(member) if isinstance(member, StaffMember) else Preferences()
    theme = request.COOKIES.get("theme", mine.theme)
    return {
        "theme": theme if theme in THEMES else "",
        "density": mine.density,
        "keys_meaning": json.dumps(meaning_of(mine.keys)) if mine.keys else "",
        "keys_chosen": mine.keys,
        "key_groups": GROUPS,
        "panes": panes_of(request),
        "has_keys": mine.has_keys,
        "has_notices": mine.has_notices,
        "offers_notices": not mine.has_notices and not mine.has_declined_notices,
        "has_simulator_page": settings.HAS_SIMULATOR_PAGE,
    }
