"""What the web process and the live process agree on. Plain Python: the live process loads no ORM."""

#: The Valkey channel that carries nudges: ids of what happened, never content.
CHANNEL = "cxhub:live"
#: The one that carries what a visitor of a web chat may hear and nobody stores: that somebody is typing.
CHAT_CHANNEL = "cxhub:chat"
