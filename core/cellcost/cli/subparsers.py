"""The type of what `argparse` gives commands to register with; it has no public name."""

import argparse

__all__ = ["SubParsers"]

# pyright: reportPrivateUsage=false
SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001
