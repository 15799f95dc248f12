"""The identity policy in force."""

from profiles.identity.policy import Policy, policy_from
from profiles.models import IdentityPolicy


def active_policy() -> Policy:
    """The active version of the policy; version 1, the built-in one, until another was applied."""
    row = IdentityPolicy.objects.filter(state=IdentityPolicy.State.ACTIVE).first()
    return policy_from(row.document, version=row.pk) if row else Policy()
