"""What the estimators are made of: PyOD's base, parameters, and one mixin for each ability.

A mixin's methods are docstrings and calls. What they call reads the fitted model
(:class:`pyod_gan.model.FittedModel`); no mixin knows another.
"""
