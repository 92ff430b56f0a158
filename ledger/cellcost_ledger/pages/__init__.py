"""The pages: what they are made of, and the sessions that open them."""
