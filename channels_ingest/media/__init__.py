"""Files of messages: kept once by content, fetched from providers, made safe to look at, and served."""
