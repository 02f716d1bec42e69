"""logg: a markdown knowledge base that cannot drift from its results."""

__version__ = "0.1.0"
