"""What agents see and decide of identity: reviews, comparing, the reasons, the log."""
