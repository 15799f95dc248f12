"""What visitors do as envelopes: durable before it is answered, understood by the pipeline like any delivery."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from channels_ingest import envelopes
from channels_ingest.adapters import webchat
from channels_ingest.adapters.reading import digest
from channels_ingest.intake import intake
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.webchat.models import ChatVisitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A stored call. `is_new` is false when it was stored before; then `body` is what came first."""

    received_at: datetime
    body: Mapping[str, Any]
    is_new: bool


def keep(visitor: ChatVisitor, widget: str, call: str, key: str, body: Mapping[str, Any], *, verified: bool) -> Kept:
    """The call is a committed envelope under `key`, which names it among all calls to the account.

    Its headers say what was checked of the session: the pipeline takes that for proved.
    """
    facts = {webchat.CALL: call, webchat.VISITOR: visitor.public_id, webchat.WIDGET: widget}
    if verified and visitor.customer_id:
        facts |= {webchat.CUSTOMER_SCOPE: visitor.customer_scope, webchat.CUSTOMER_ID: visitor.customer_id}
    raw = json.dumps(body, ensure_ascii=False).encode()
    is_new = envelopes.store(visitor.account_id, key, raw, facts)
    if is_new:
        transaction.on_commit(intake.nudge, robust=True)
        intake.count(visitor.account_id, IntakeCount.Outcome.ACCEPTED)
    row = Envelope.objects.only("received_at", "body").get(account_id=visitor.account_id, delivery_key=key)
    # Once its body was pruned nobody can tell any more what it said: the repeat is taken at its word.
    stored = json.loads(bytes(row.body)) if row.body is not None else body
    return Kept(received_at=row.received_at, body=stored, is_new=is_new)


def key_of(call: str, *parts: object) -> str:
    """A delivery key made of `parts`; the caller puts the visitor among them wherever outsiders choose the rest."""
    return f"{call}-{digest(*parts)}"
