"""What `profiles` announces, inside the transaction in which it happened, so that others record it atomically."""

from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class Move:
    """A channel identity went from one profile to another. `because` is the shared identifiers as (kind, value)."""

    channel_identity_id: int
    from_profile_id: int
    to_profile_id: int
    because: tuple[tuple[str, str], ...] = ()


#: Sent with `moves: list[Move]` whenever a profile's block changed.
identity_changed = Signal()
