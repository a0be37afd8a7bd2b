"""Latent answer distributions."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "latent_records": ["decompose_latent"],
    },
)
