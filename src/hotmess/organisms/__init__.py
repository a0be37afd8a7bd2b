"""Reasoning organisms: small transformers that calculate modulo 10 on a scratchpad."""
