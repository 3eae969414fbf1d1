"""The engine: networks of all members at once, their training, and their scores.

It sees rows of numbers and knows no table, no estimator and no single GAN.
"""
