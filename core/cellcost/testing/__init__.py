"""Stand-ins for what cannot be in a test, shipped for the users of cellcost too."""
