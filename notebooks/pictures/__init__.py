"""How the pictures are drawn, so that the pages can be about what they show: a module a page."""
