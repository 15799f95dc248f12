"""Located items as plain JSON values: what the `.expected.json` files beside the payloads are written in.

A field that has its default is left out. An identifier reads `kind@scope:value grade`, a time is ISO 8601.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.messages import Located
from profiles.identity.values import SeenIdentifier

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED_AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def described(located: Located) -> dict[str, Any]:
    """One located item, flat: its place, its kind, then its fields."""
    return {
        "path": located.path,
        "route": located.route,
        "item": type(located.item).__name__,
        **_fields(located.item),
    }


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a value that differ from their defaults."""
    found = {}
    for name, default in _defaults(value):
        content = getattr(value, name)
        if content != default:
            found[name] = _plain(content)
    return found


def _defaults(value: Any) -> Iterator[tuple[str, object]]:
    """The names of its fields, in order, with their defaults."""
    of_struct = isinstance(value, msgspec.Struct)
    for field in msgspec.structs.fields(value) if of_struct else dataclasses.fields(value):
        is_made = field.default_factory not in (dataclasses.MISSING, msgspec.NODEFAULT)
        yield field.name, field.default_factory() if is_made else field.default


def _plain(value: Any) -> Any:
    if isinstance(value, SeenIdentifier):
        scope = f"@{value.scope}" if value.scope else ""
        return f"{value.kind}{scope}:{value.value} {value.grade}"
    if dataclasses.is_dataclass(value) or isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()[:12]}"
    if isinstance(value, datetime):
        return "received" if value == RECEIVED_AT else value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def normalised(adapter: Any, payload: Any, settings: AccountSettings | None = None) -> list[dict[str, Any]]:
    """`payload` (bytes, or a value to be written as JSON) as the adapter reads it, described."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    delivery = Delivery(body=body, headers={})
    return [described(item) for item in adapter.normalise(delivery, settings or AccountSettings(), RECEIVED_AT)]
