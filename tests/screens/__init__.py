"""Every screen of the demo's hub, as a person walks it: looked at, and checked by axe."""
