"""Turns results into the text of documents: numbers, citations, blocks."""
