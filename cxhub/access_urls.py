"""Coming in and going out."""

from django.urls import path

from cxhub import access_views

urlpatterns = [
    path("login/", access_views.log_in, name="login"),
    path("login/link/<str:secret>/", access_views.log_in_by_link, name="login-link"),
    path("login/password/", access_views.set_password, name="set-password"),
    path("logout/", access_views.log_out, name="logout"),
]
