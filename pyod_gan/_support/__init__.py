"""Helpers for every other package: errors, optional imports, files, rollback, suggestions."""
