"""The lowest layer: files, YAML, paths, JSON and text, each with its bounds and its refusals."""
