"""Figures: one file each, drawn from the evidence of a document."""
