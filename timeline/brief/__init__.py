"""What an agent should know before they write: rules over a customer's newest entries, each line with its entry."""
