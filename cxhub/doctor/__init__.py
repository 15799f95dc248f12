"""`manage.py doctor`: what of this installation is not as it should be, and what to do about it."""
