"""What stands around a message before it is sent: drafts, files, snippets, templates, mentions."""
