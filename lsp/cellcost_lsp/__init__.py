"""The language server: what a model call will cost, beside the call."""
