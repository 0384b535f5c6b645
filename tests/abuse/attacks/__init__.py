"""The attacks, by layer: each module has a function for each attack, and lists them."""

from __future__ import annotations

from suite.attack import Attack

from . import (
    access,
    balancers,
    clients,
    crowd,
    frames,
    http,
    payloads,
    pushes,
    requests,
    streams,
    tls,
    websocket,
)

LAYERS = (
    frames,
    streams,
    payloads,
    pushes,
    websocket,
    tls,
    http,
    requests,
    clients,
    crowd,
    balancers,
    access,
)


def all_attacks() -> list[Attack]:
    """Every attack, in the order of the table."""
    return [attack for layer in LAYERS for attack in layer.attacks()]
