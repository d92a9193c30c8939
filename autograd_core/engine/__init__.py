"""Values that record themselves, and the sweep back over what they recorded."""
