"""What every receiving adapter must do, told once. `docs/adding-a-provider.md` says how an adapter joins."""
