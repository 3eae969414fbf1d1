"""What every other package may use: errors, optional imports, files, rollback, suggestions."""
