"""What every room stands on: errors, the user's line, nests, tables as text."""
