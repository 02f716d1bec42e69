"""Prove that documents and results agree: compare with a render in memory, write nothing."""
