"""Limits that cannot wait: a signed message to a webhook when one is reached."""
