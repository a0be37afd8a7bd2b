"""Latent answer distributions."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "decompose_latent":
        from hotmess.answers.records import decompose_latent

        return decompose_latent
    raise AttributeError(name)
