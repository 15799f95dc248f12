"""Parts of an entry's `detail`, which came from a customer through a provider: an odd one counts as absent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime


def object_of(detail: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = detail.get(name)
    return value if isinstance(value, dict) else {}


def list_of(detail: Mapping[str, Any], name: str) -> list[Any]:
    value = detail.get(name)
    return value if isinstance(value, list) else []


def word_of(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def moment_of(value: Any) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
