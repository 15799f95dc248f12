"""Session tokens: signed, good for an hour, sent in a header and never in an address; and hashes of visitor tokens."""

import hashlib
import secrets
from dataclasses import dataclass

from django.core import signing

SESSION_SECONDS = 3_600
TICKET_SECONDS = 30
_SALT = "channels_ingest.webchat.session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session token says. `is_verified`: an identity token proved the customer in this session."""

    widget: str
    visitor_id: int
    generation: int
    is_verified: bool


def write(session: Session) -> str:
    """The token of the session, good from now on."""
    content = [session.widget, session.visitor_id, session.generation, int(session.is_verified)]
    return signing.dumps(content, salt=_SALT)


def read(token: str) -> Session | None:
    """The session of a genuine token that has not expired."""
    try:
        widget, visitor_id, generation, is_verified = signing.loads(token, salt=_SALT, max_age=SESSION_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Session(widget=widget, visitor_id=visitor_id, generation=generation, is_verified=bool(is_verified))


def new_visitor_token() -> str:
    """256 random bits: the browser keeps them, the hub keeps their hash."""
    return secrets.token_urlsafe(32)


def hash_of(visitor_token: str) -> str:
    """What is stored of a visitor token. Nobody guesses 256 bits, so the hash needs no salt and no slowness."""
    return hashlib.sha256(visitor_token.encode("utf-8", "replace")).hexdigest()


def new_public_id() -> str:
    """A visitor's address: letters and digits, so that it is never taken for a number or a mailbox."""
    alphabet = "abcdefghjkmnpqrstvwxyz23456789"
    return "v_" + "".join(secrets.choice(alphabet) for _ in range(24))
