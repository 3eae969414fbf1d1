"""One question each.

A study with a command of its own has a function ``command(options, data_home) -> exit status``.
"""
