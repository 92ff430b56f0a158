"""The type that commands register with: argparse gives it no public name."""

import argparse

__all__ = ["SubParsers"]

# pyright: reportPrivateUsage=false
SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001
