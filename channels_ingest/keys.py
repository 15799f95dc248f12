"""Keys of the hub's own, one for each purpose, all made of SECRET_KEY: nothing of them is stored anywhere."""

import hashlib
import hmac

from django.conf import settings


def key_for(purpose: str, secret_key: str = "") -> bytes:
    """32 bytes that only this hub can make, another for each purpose; of another SECRET_KEY if one is given."""
    return hmac.new((secret_key or settings.SECRET_KEY).encode(), purpose.encode(), hashlib.sha256).digest()


def keys_for(purpose: str) -> tuple[bytes, ...]:
    """The same of SECRET_KEY and of each of its fallbacks, so that what was made before a rotation is still known."""
    return tuple(key_for(purpose, str(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
