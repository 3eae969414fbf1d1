"""Detectors that exist for comparison only."""
