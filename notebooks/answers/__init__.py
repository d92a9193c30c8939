"""What the exercises are compared with, computed and not written down: a module a page."""
