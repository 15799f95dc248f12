"""Who chats: browsers, each with the tokens that it may come back with."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from profiles.models import ChannelAccount


class ChatVisitor(models.Model):
    """One browser on one site, from its first session until somebody logs out there.

    `public_id` is its address in the hub and no secret. Session tokens name `generation`: raising it ends them all, as
    a log-in and a log-out do. Once a signed identity token came, the visitor is that customer's and nobody else's:
    another customer in the same browser gets a visitor of their own.
    """

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+", db_index=False)
    public_id = models.CharField(max_length=40, unique=True)
    generation = models.PositiveIntegerField(default=0)
    customer_scope = models.CharField(max_length=120, blank=True, default="")
    customer_id = models.CharField(max_length=255, blank=True, default="")
    has_written = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "customer_scope", "customer_id"],
                name="chat_visitor_customer",
                condition=~Q(customer_id=""),
            )
        ]

    def __str__(self) -> str:
        return f"chat visitor {self.pk}"


class ChatVisitorToken(models.Model):
    """The hash of a token that a browser keeps to be known again. One that was used ends a day later, not at once: an
    answer may be lost, and several tabs come with the same one."""

    visitor = models.ForeignKey(ChatVisitor, models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"token {self.pk} of chat visitor {self.visitor_id}"


class ChatUpload(models.Model):
    """A file that a visitor attached; `file` is what an entry says of one. Written when its content is in storage.

    Forgotten a day later: a message that was sent says itself which files it has.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    visitor = models.ForeignKey(ChatVisitor, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=200)
    file = models.JSONField()
    size = models.PositiveBigIntegerField(help_text="bytes")
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"chat upload {self.pk}"
