"""All about one cell."""
