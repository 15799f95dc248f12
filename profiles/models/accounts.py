"""The lines a business is reached on."""

import secrets
from typing import Any

from django.db import models

from profiles.identity.values import IdentifierKind


class Channel(models.TextChoices):
    """What an agent calls the way a message came; one channel may have several providers."""

    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"
    CHAT = "chat", "Web chat"
    STORE = "store", "Store"


def new_key() -> str:
    """An unguessable, URL-safe account key; part of the webhook URL, so it must not be enumerable."""
    return secrets.token_hex(8)


class ChannelAccount(models.Model):
    """One connected line: a WhatsApp number, an SMS number, a mailbox, a web-chat site, a shop back end.

    Written by `connect`. Its secrets live in `channels_ingest`, so that nothing that only names an account sees them.
    """

    key = models.CharField(max_length=64, unique=True, default=new_key)
    provider = models.CharField(max_length=32)
    channel = models.CharField(max_length=16, choices=Channel)
    name = models.CharField(max_length=120)
    settings = models.JSONField(default=dict, blank=True)
    is_enabled = models.BooleanField(default=True)
    is_restricted = models.BooleanField(
        default=False, db_default=False, help_text="only named members, leads and admins read its entries"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="account_name_once_per_provider")]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.provider})"

    def setting(self, name: str) -> str:
        """The plain setting `name`, empty when it was not set."""
        value: Any = self.settings.get(name, "")
        return str(value)


class OwnAddress(models.Model):
    """A number or mailbox of ours, as a join key: it never becomes a customer and joins nobody.

    Told by a setting of its account (`is_learned` false, gone with the setting) or by the provider's deliveries.
    """

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="own_addresses", db_index=False)
    kind = models.CharField(
        max_length=16, choices=[(k, k) for k in (IdentifierKind.PHONE.value, IdentifierKind.EMAIL.value)]
    )
    join_key = models.CharField(max_length=320)
    is_learned = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "join_key"], name="own_address_once")]
        verbose_name_plural = "own addresses"

    def __str__(self) -> str:
        return f"own {self.kind} {self.pk}"


class AccountReader(models.Model):
    """A member who reads a restricted line. Written by `manage.py restrict`."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="readers", db_index=False)
    member = models.ForeignKey("StaffMember", models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "member"], name="reader_once")]

    def __str__(self) -> str:
        return f"reader of account {self.account_id}"
