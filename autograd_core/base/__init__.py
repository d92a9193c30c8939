"""What every room builds on: errors, the user's source line, nested values, tables as text."""
