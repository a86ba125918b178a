"""Samples of clusters: synthetic ones, for users without a simulation and for tests."""

from __future__ import annotations
