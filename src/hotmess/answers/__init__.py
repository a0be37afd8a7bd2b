"""Latent answer distributions."""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

__getattr__: Getter = attributes(__name__, {"decompose_latent": "latent_records"})
