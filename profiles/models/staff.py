"""Who may do what: people with a role, and tokens that act for them."""

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

TOKEN_PREFIX = "cxh_"  # noqa: S105  (lets secret scanners find a leaked token; it is not one)
LOGIN_LINK_HOURS = 72


class Role(models.TextChoices):
    """Agents read and answer; leads also judge identity; admins also configure; ingest only posts evidence."""

    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"
    INGEST = "ingest"


class StaffManager(BaseUserManager["StaffMember"]):
    """Creates staff by e-mail address."""

    def create_staff(
        self, email: str, *, role: Role = Role.AGENT, password: str | None = None, name: str = ""
    ) -> "StaffMember":
        """A saved staff member; without a password only a log-in link opens the door."""
        member = self.model(email=email.strip().lower(), role=role, name=name)
        member.set_password(password)
        member.save(using=self._db)
        return member


class StaffMember(AbstractBaseUser):
    """A person who works in the hub, or a server that posts to it (role `ingest`).

    `access_revision` grows when rights shrink (role change, deactivation, log-out), which ends open live streams;
    `session_revision` when the member logs out everywhere, which ends all sessions. `preferences` is read by
    `profiles.preferences`.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True, default="")
    role = models.CharField(max_length=8, choices=Role, default=Role.AGENT)
    is_active = models.BooleanField(default=True)
    access_revision = models.PositiveIntegerField(default=0)
    session_revision = models.PositiveIntegerField(default=0)
    preferences = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    #: The narrower role of the token this request came with; empty for a session.
    token_role: str = ""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.name or self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry: it changes with the password, and when the member logs out everywhere."""
        salt = "profiles.models.StaffMember.get_session_auth_hash"
        value = f"{self.session_revision}:{self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


def hashed(secret: str) -> str:
    """What is stored of a random secret: its SHA-256 (128 random bits and more need no slow hash)."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """A bearer token, stored as its hash. It has a role of its own, never wider than its holder's."""

    token_hash = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(StaffMember, models.CASCADE, related_name="tokens")
    role = models.CharField(max_length=8, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token {self.pk}"

    @classmethod
    def issue(cls, member: StaffMember, role: Role) -> str:
        """A new token, returned this once."""
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(token_hash=hashed(token), member=member, role=role)
        return token


class LoginLink(models.Model):
    """A one-time log-in link, stored as its hash; valid for 72 hours, one use and until the member's next one."""

    secret_hash = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(StaffMember, models.CASCADE, related_name="login_links")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"log-in link {self.pk}"

    @classmethod
    def issue(cls, member: StaffMember) -> str:
        """A new link secret, returned this once; the member's earlier links open nothing any more."""
        secret = secrets.token_urlsafe(24)
        expires_at = timezone.now() + timedelta(hours=LOGIN_LINK_HOURS)
        with transaction.atomic():
            # Locked, so that of two links issued at the same moment only the later is valid.
            StaffMember.objects.select_for_update(no_key=True).get(pk=member.pk)
            cls.objects.filter(member=member, used_at=None).delete()
            cls.objects.create(secret_hash=hashed(secret), member=member, expires_at=expires_at)
        return secret

    @classmethod
    def redeem(cls, secret: str) -> StaffMember | None:
        """The active member whose unused, unexpired link this was; the conditional update lets only one caller win.

        It names no other table: with a join PostgreSQL finds the rows first, and two callers at the same moment both
        found the link unused.
        """
        unused = cls.objects.filter(secret_hash=hashed(secret), used_at=None, expires_at__gt=timezone.now())
        if not unused.update(used_at=timezone.now()):
            return None
        member = cls.objects.select_related("member").get(secret_hash=hashed(secret)).member
        return member if member.is_active else None


class FailedLogin(models.Model):
    """One refused attempt to log in, counted for the account or for the address it came from; kept for minutes.

    `subject` is a keyed hash: an e-mail address somebody tried need not be one of ours, nor theirs.
    """

    subject = models.CharField(max_length=64)
    failed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "failed_at"], name="failed_login_recent"),
            models.Index(fields=["failed_at"], name="failed_login_old"),
        ]

    def __str__(self) -> str:
        return f"failed log-in {self.pk}"
