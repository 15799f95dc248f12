"""The reply box on a customer's page, and its buttons."""

from django.urls import path

from channels_ingest.sending import pages

urlpatterns = [
    path("customers/<int:profile_id>/composer/", pages.composer, name="composer"),
    path("customers/<int:profile_id>/answer/", pages.answer, name="answer"),
    path("messages/<int:entry_id>/again/", pages.send_again, name="send-again"),
]
