"""The one lock order, so that no two transactions can wait for each other.

0. rows of the outbox, 1. advisory locks on the parts of long texts, after them on message ids, 2. on identifiers and
addresses, 3. on the profiles of a component, 4. rows of channel identities, 5. rows of profiles, before their names and
queue rows are folded. Each class is taken whole and in ascending order. A profile's row is only locked by who holds one
of its channel identities; so the rows that a join locks early are nobody else's, and the rest come in order at the end.
Rows that unique constraints let wait (notices, boundaries, traits, consents, amendments) are written sorted, or under
the locks above.
"""

import functools
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from psycopg import errors

from profiles.prepared import prepared

logger = logging.getLogger(__name__)
_TRIES = 3
P = ParamSpec("P")
R = TypeVar("R")


def lock_id(*parts: object) -> int:
    """The 64-bit advisory lock number of a name; a collision only makes two names wait for each other."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def take_advisory_locks(numbers: Iterable[int]) -> None:
    """Holds every lock until the transaction ends, taken in ascending order."""
    ordered = sorted(set(numbers))
    if ordered:
        with prepared() as cursor:
            # The subquery's order is kept by the function scan above it: one round trip, ascending.
            cursor.execute("SELECT count(pg_advisory_xact_lock(n)) FROM unnest(%s::bigint[]) AS n", [ordered])


def profiles_of(channel_identity_ids: Iterable[int]) -> dict[int, int]:
    """The profile of each channel identity that there is; for certain, of those whose rows the caller holds."""
    with prepared() as cursor:
        cursor.execute(
            "SELECT id, profile_id FROM profiles_channelidentity WHERE id = ANY(%s::bigint[])",
            [sorted(channel_identity_ids)],
        )
        return dict(cursor.fetchall())


def lock_rows(table: str, ids: Iterable[int]) -> None:
    """Holds the rows `ids` of `table` until the transaction ends, taken in ascending order."""
    ordered = sorted(set(ids))
    if ordered:
        with prepared() as cursor:
            quoted = connection.ops.quote_name(table)
            cursor.execute(
                f"SELECT id FROM {quoted} WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",  # noqa: S608
                [ordered],
            )


def done_again_after_deadlock(do: Callable[P, R]) -> Callable[P, R]:
    """A human's deed, a transaction of its own, is done again when PostgreSQL ended it so that another could go on.

    The order above leaves nothing to wait in circles for; should it ever be broken, the log says so and nobody sees it.
    """

    @functools.wraps(do)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(_TRIES - 1):
            try:
                return do(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not isinstance(error.__cause__, errors.DeadlockDetected):
                    raise
                logger.warning("PostgreSQL ended %s because of a deadlock; it is done again", do.__qualname__)
        return do(*args, **kwargs)

    return again
