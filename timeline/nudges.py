"""What the web process and the live process agree on. Plain Python: the live process loads no ORM."""

#: The Valkey channel that carries nudges: ids of what happened, never content.
CHANNEL = "cxhub:live"
