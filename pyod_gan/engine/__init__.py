"""The engine: networks of all members at once, their training, and their scores.

It sees only rows of numbers. It depends on no table, no estimator and no particular GAN.
"""
