"""The team's ledger: every event arrives once, and it can be proved."""

__all__: list[str] = []
