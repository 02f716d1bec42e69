"""Documents: markdown files, read exactly as they stand."""
