"""The reply box on a customer's page, and its buttons."""

from django.urls import path

from channels_ingest.sending import pages
from channels_ingest.starting import pages as starting_pages

urlpatterns = [
    path("customers/new/", starting_pages.new_conversation, name="new-conversation"),
    path("customers/<int:profile_id>/addresses/new/", starting_pages.new_address, name="new-address"),
    path("customers/<int:profile_id>/composer/", pages.composer, name="composer"),
    path("customers/<int:profile_id>/answer/", pages.answer, name="answer"),
    path("messages/<int:entry_id>/again/", pages.send_again, name="send-again"),
]
