"""What the widget calls, under `/chat/v1/`."""

from django.urls import path

from channels_ingest.webchat import sample, views

urlpatterns = [
    path("sessions", views.sessions, name="chat-sessions"),
    path("identify", views.identify, name="chat-identify"),
    path("messages", views.messages, name="chat-messages"),
    path("uploads", views.uploads, name="chat-uploads"),
    path("events", views.events, name="chat-events"),
    path("stream-tickets", views.stream_tickets, name="chat-stream-tickets"),
    path("stream", views.stream, name="chat-stream"),
    path("seen", views.seen, name="chat-seen"),
    path("pages", views.pages, name="chat-pages"),
    path("contact", views.contact, name="chat-contact"),
    path("typing", views.typing, name="chat-typing"),
    path("w.js", sample.script, name="chat-widget"),
    path("more.<slug:digest>.js", sample.more, name="chat-widget-more"),
    path("w.<slug:digest>.js", sample.script, name="chat-widget-pinned"),
    path("sample/<str:key>/", sample.page, name="chat-sample"),
]
