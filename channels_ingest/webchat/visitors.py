"""Opening, proving and ending a visitor's session.

Three promises hold here. Nobody comes to a customer's conversation without a fresh proof of being that customer. Nobody
who held a token before somebody logged in holds one that works after. A browser that changes hands changes visitors.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from channels_ingest.adapters import webchat
from channels_ingest.webchat import calls, tokens
from channels_ingest.webchat.identity_tokens import IdentityError, Proved
from channels_ingest.webchat.models import ChatVisitor
from channels_ingest.webchat.tokens import Session

VISITOR_TOKEN_LIFE = timedelta(days=180)
#: How long a visitor token goes on after it was used and answered with a new one.
USED_TOKEN_LIFE = timedelta(days=1)
MOST_TOKENS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session with the tokens that the browser gets, once."""

    visitor: ChatVisitor
    session_token: str
    visitor_token: str
    is_verified: bool


@transaction.atomic
def open_session(
    account_id: int,
    widget: str,
    *,
    visitor_token: str = "",
    session: Session | None = None,
    proof: Proved | None = None,
) -> Opened:
    """A session of the visitor whose token this is, or of a new one. Raises IdentityError for a proof used before.

    A live session keeps a visitor verified; else a customer's visitor needs a proof, and without one the browser
    starts anew.
    """
    visitor = _known(account_id, visitor_token, session)
    was_verified = bool(visitor and session and session.is_verified and visitor.pk == session.visitor_id)
    is_verified = was_verified
    if proof is not None:
        visitor = _proved(account_id, visitor, proof)
        is_verified = True
    elif visitor is not None and visitor.customer_id and not is_verified:
        visitor = None
    if visitor is None:
        visitor = ChatVisitor.objects.create(account_id=account_id, public_id=tokens.new_public_id())
    if proof is not None:
        needs_it = not (was_verified and visitor.pk == (session and session.visitor_id))
        _use_up(visitor, widget, proof, must_be_unused=needs_it)
    return _opened(visitor, widget, is_verified=is_verified)


def current(session: Session) -> ChatVisitor | None:
    """The session's visitor, if the session was not ended since."""
    return ChatVisitor.objects.filter(id=session.visitor_id, generation=session.generation).first()


@transaction.atomic
def end(visitor: ChatVisitor) -> None:
    """No token of the visitor works any more: the next session in this browser is somebody else's."""
    ChatVisitor.objects.filter(id=visitor.pk).update(generation=F("generation") + 1)
    visitor.tokens.all().delete()


def note_written(visitor: ChatVisitor) -> None:
    """The visitor has a conversation, which a log-in binds."""
    if not visitor.has_written:
        ChatVisitor.objects.filter(id=visitor.pk).update(has_written=True)


def _known(account_id: int, visitor_token: str, session: Session | None) -> ChatVisitor | None:
    """The visitor of the session or, without one, of the token. Locked: a log-in in another tab waits."""
    rows = ChatVisitor.objects.select_for_update(of=("self",)).filter(account_id=account_id)
    if session is not None:
        found = rows.filter(id=session.visitor_id, generation=session.generation).first()
        if found is not None:
            return found
    if not visitor_token:
        return None
    hashed = tokens.hash_of(visitor_token)
    return rows.filter(tokens__token_hash=hashed, tokens__expires_at__gt=timezone.now()).first()


def _proved(account_id: int, visitor: ChatVisitor | None, proof: Proved) -> ChatVisitor | None:
    """The visitor as this customer's; None when a new one has to be made for them.

    A conversation that was begun without a name becomes theirs. Without one they go on where they were last.
    """
    if visitor is not None and (visitor.customer_scope, visitor.customer_id) == (proof.scope, proof.customer_id):
        return visitor
    if visitor is None or visitor.customer_id or not visitor.has_written:
        earlier = ChatVisitor.objects.select_for_update().filter(
            account_id=account_id, customer_scope=proof.scope, customer_id=proof.customer_id
        )
        found = earlier.order_by("-last_seen_at", "-id").first()
        if found is not None or visitor is None or visitor.customer_id:
            return found
    return visitor


def _use_up(visitor: ChatVisitor, widget: str, proof: Proved, *, must_be_unused: bool) -> None:
    """The visitor is the customer's, the hub will hear of it, and the proof is used. Raises IdentityError.

    The inbox is the used-once store: its key names the proof. A session that was verified before gains nothing by it,
    so that a page may say it twice.
    """
    is_first = not visitor.customer_id
    visitor.customer_scope, visitor.customer_id = proof.scope, proof.customer_id
    key = calls.key_of("identify", proof.scope, proof.jti)
    kept = calls.keep(visitor, widget, webchat.IDENTIFY, key, proof.claims, verified=True)
    if must_be_unused and not kept.is_new:
        raise IdentityError("identity_jwt: this one was used before; sign one for each page")
    if is_first:  # whoever held a token until now, held an anonymous visitor's
        visitor.generation += 1
        visitor.tokens.all().delete()
    visitor.save()


def _opened(visitor: ChatVisitor, widget: str, *, is_verified: bool) -> Opened:
    """Fresh tokens for the browser; earlier ones go on for a day."""
    now = timezone.now()
    visitor.tokens.filter(expires_at__gt=now + USED_TOKEN_LIFE).update(expires_at=now + USED_TOKEN_LIFE)
    stale = visitor.tokens.order_by("-id").values_list("id", flat=True)[MOST_TOKENS - 1 :]
    visitor.tokens.filter(id__in=list(stale)).delete()
    ChatVisitor.objects.filter(id=visitor.pk).update(last_seen_at=now)
    token = tokens.new_visitor_token()
    visitor.tokens.create(token_hash=tokens.hash_of(token), expires_at=now + VISITOR_TOKEN_LIFE)
    session = Session(widget=widget, visitor_id=visitor.pk, generation=visitor.generation, is_verified=is_verified)
    return Opened(visitor=visitor, session_token=tokens.write(session), visitor_token=token, is_verified=is_verified)
