"""Coming in and going out."""

from django.urls import path

from cxhub import access_views, me_views, session_views, team_views

urlpatterns = [
    path("login/", access_views.log_in, name="login"),
    path("login/link/<str:secret>/", access_views.log_in_by_link, name="login-link"),
    path("login/password/", access_views.set_password, name="set-password"),
    path("me/", me_views.me, name="me"),
    path("me/look/", me_views.set_look, name="me-look"),
    path("me/keys/", me_views.set_keys, name="me-keys"),
    path("me/notices/", me_views.set_notices, name="me-notices"),
    path("me/password/", me_views.change_password, name="me-password"),
    path("me/log-out-everywhere/", me_views.log_out_everywhere, name="log-out-everywhere"),
    path("me/tokens/<int:token_id>/revoke/", me_views.revoke_token, name="revoke-token"),
    path("settings/", team_views.settings_home, name="settings"),
    path("settings/team/", team_views.team, name="team"),
    path("settings/team/<int:member_id>/", team_views.change_member, name="team-member"),
    path("session/", session_views.session, name="session"),
    path("session/log-in/", session_views.log_in_again, name="log-in-again"),
    path("fault/", session_views.fault, name="fault"),
    path("logout/", access_views.log_out, name="logout"),
]
