"""What every template may name."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def hub(request: HttpRequest) -> dict[str, Any]:
    """`theme` is the agent's own choice, empty when the system decides; it is a cookie so that no page flashes.

    `has_simulator_page`: the customer's side can be played in the browser.
    """
    theme = request.COOKIES.get("theme", "")
    return {"theme": theme if theme in THEMES else "", "has_simulator_page": settings.HAS_SIMULATOR_PAGE}
