"""What notebook cells and model calls cost: the core that every room stands on."""

__all__ = ["__version__"]

__version__ = "0.1.0"
