"""What every template may name."""

from typing import Any

from django.http import HttpRequest

THEMES = ("light", "dark")


def hub(request: HttpRequest) -> dict[str, Any]:
    """`theme` is the agent's own choice, empty when the system decides; it is a cookie so that no page flashes."""
    theme = request.COOKIES.get("theme", "")
    return {"theme": theme if theme in THEMES else ""}
