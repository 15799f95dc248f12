"""Starting a conversation: an address that staff typed becomes the channel identity its owner will write from."""
