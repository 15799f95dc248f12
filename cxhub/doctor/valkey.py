"""Valkey or Redis: it answers, drops nothing and takes writes. It only carries nudges, so it need not persist."""

from collections.abc import Iterator
from typing import Any

import redis

from cxhub.doctor.findings import Finding, bad, ok, warning

ABOUT = "valkey"
_PATIENCE_SECONDS = 3.0


def server(url: str) -> Iterator[Finding]:
    """What the server at the URL says of itself."""
    try:
        client = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS, retry=None,
            decode_responses=True,
        )  # fmt: skip
        facts = client.info()
    except (redis.RedisError, OSError) as error:
        says = f"no answer ({type(error).__name__}): messages wait for the sweeper, and open pages poll"
        yield bad(ABOUT, says, "Start the server that REDIS_URL names, or correct REDIS_URL.")
        return
    yield ok(ABOUT, f"version {facts.get('valkey_version') or facts.get('redis_version')}")
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        says = f"maxmemory-policy is {policy}: nudges vanish when memory is short"
        yield warning(ABOUT, says, "Set maxmemory-policy noeviction.")
    limit, used = int(facts.get("maxmemory") or 0), int(facts.get("used_memory") or 0)
    if limit and used > 0.9 * limit:
        says = f"{used / limit:.0%} of its memory is used; then it takes no nudges"
        yield warning(ABOUT, says, "Raise maxmemory, or find what else is kept there.")
    yield from _writes(facts)


def _writes(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts.get("role") not in (None, "master"):
        yield bad(ABOUT, "it is a replica and takes no writes", "Name the primary in REDIS_URL.")
    if facts.get("rdb_last_bgsave_status") == "err" or facts.get("aof_last_write_status") == "err":
        says = "it failed to save to disk and may refuse writes until it can"
        yield bad(ABOUT, says, "Give it room and rights on its disk, or switch saving off: the hub does not need it.")
