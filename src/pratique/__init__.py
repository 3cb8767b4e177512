"""Pratique: clearance for software, as a port gives it to a ship with a clean bill of health."""

__version__ = "0.1.0"
