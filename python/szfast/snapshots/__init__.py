"""Snapshots of simulations, one dialect a file, behind one entry point."""

from szfast.snapshots.header import Assumption, SnapshotHeader
from szfast.snapshots.opening import open_snapshot
from szfast.snapshots.particles import GasParticles
from szfast.snapshots.snapshot import Snapshot

__all__ = ["Assumption", "GasParticles", "Snapshot", "SnapshotHeader", "open_snapshot"]
