"""The agents' pages and the fragments that keep them current."""
