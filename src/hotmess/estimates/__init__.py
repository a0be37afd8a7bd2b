"""Estimates without a model, their standard errors, and what becomes of them on permuted data."""
