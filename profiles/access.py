"""Who is asking and what their role allows. Nothing is allowed that is not said here."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.models import QuerySet
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from profiles.models import ApiToken, Role, StaffMember
from profiles.models.staff import hashed
from profiles.prepared import prepared

#: Roles that may read customers and answer them.
READERS = frozenset({Role.AGENT, Role.LEAD, Role.ADMIN})

#: Roles whose word about who somebody is counts as proved.
EVIDENCE_POSTERS = frozenset({Role.INGEST, Role.ADMIN})

#: Roles that may decide who is who.
JUDGES = frozenset({Role.LEAD, Role.ADMIN})

#: How much each role may do; a token never does more than its holder.
WIDTH = {Role.INGEST: 0, Role.AGENT: 1, Role.LEAD: 2, Role.ADMIN: 3}


def reading_staff() -> QuerySet[StaffMember]:
    """The active staff who may read customers, and so may have them and be named in notes."""
    return StaffMember.objects.filter(is_active=True, role__in=READERS)


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer <token>`; the request's role is the narrower of the token's and its holder's."""

    keyword = b"bearer"

    def authenticate(self, request: Request) -> tuple[StaffMember, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword:
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("expected `Authorization: Bearer <token>`")
        token = _token(hashed(parts[1].decode("latin-1")))
        if token is None or not token.member.is_active:
            raise AuthenticationFailed("this token is unknown or was revoked")
        token.member.token_role = min(Role(token.role), Role(token.member.role), key=WIDTH.__getitem__)
        return token.member, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


_HELD = """
SELECT token.id, token.role, member.id, member.email, member.name, member.role, member.is_active
FROM profiles_apitoken AS token JOIN profiles_staffmember AS member ON member.id = token.member_id
WHERE token.token_hash = %s::text AND token.revoked_at IS NULL
"""


def _token(token_hash: str) -> ApiToken | None:
    """The token and its holder, unless it was revoked; of both only what most calls need, the rest on being asked.

    Every call asks for it, and a server that posts events asks many times a second: prepared, it takes a tenth.
    """
    try:
        row = _row(token_hash)
    except DatabaseError:  # once more on a fresh connection: a kept one dies with the server it was to
        connection.close()
        row = _row(token_hash)
    if row is None:
        return None
    token = ApiToken.from_db(DEFAULT_DB_ALIAS, ["id", "role"], row[:2])
    token.member = StaffMember.from_db(DEFAULT_DB_ALIAS, ["id", "email", "name", "role", "is_active"], row[2:])
    return token


def _row(token_hash: str) -> Any:
    with prepared() as cursor:
        cursor.execute(_HELD, [token_hash])
        return cursor.fetchone()


class StaffSession(SessionAuthentication):
    """The session of a logged-in member of staff, with CSRF protection on what writes."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def role_of(request: Request) -> str | None:
    """The role this request acts with; None for nobody."""
    member: Any = request.user
    if not isinstance(member, StaffMember):
        return None
    token = request.auth
    if isinstance(token, ApiToken):
        return min((token.role, member.role), key=lambda role: WIDTH[Role(role)])
    return member.role


def actor_of(request: Request) -> StaffMember:
    """Who asks, for the record. Only called behind a permission."""
    member: Any = request.user
    if not isinstance(member, StaffMember):
        raise AuthenticationFailed("log in first")
    return member


class JudgesIdentity(BasePermission):
    """Leads and admins decide who is who."""

    message = "this needs the role lead or admin"

    def has_permission(self, request: Request, view: Any) -> bool:
        return role_of(request) in JUDGES


class ReadsCustomers(BasePermission):
    """Agents, leads and admins; an ingest token reads nothing."""

    message = "this needs the role agent, lead or admin"

    def has_permission(self, request: Request, view: Any) -> bool:
        return role_of(request) in READERS


class PostsEvidence(BasePermission):
    """Our own servers (ingest) and admins: what they say of a customer is believed without further proof."""

    message = "this needs the role ingest or admin"

    def has_permission(self, request: Request, view: Any) -> bool:
        return role_of(request) in EVIDENCE_POSTERS
