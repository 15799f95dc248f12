"""Sending: the outbox beside the timeline, who is allowed to write to whom, and the one who posts.

`composing` writes an entry and its outbox row in one transaction, `outbox` hands rows out, `posting` asks the provider,
`outcomes` records what it said, `courier` runs all that in the worker and the sweeper.
"""
