"""The web chat's own protocol, under `/chat/v1/`: what the widget on a site speaks. See `docs/web-chat.md`."""
