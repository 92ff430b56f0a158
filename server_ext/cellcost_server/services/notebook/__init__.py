"""The figures of one notebook."""
