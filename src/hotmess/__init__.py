"""Posteriors for bias, variance and incoherence of language model failures."""
