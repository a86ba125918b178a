"""Maps of the Compton parameter: lines of sight, projection, beam, noise, files."""

from __future__ import annotations
