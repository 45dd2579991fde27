"""Invariants of a finished run: what must hold of its files, whatever its numbers are."""
