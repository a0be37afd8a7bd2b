"""Decompositions of error into bias and variance: pure functions on arrays."""
