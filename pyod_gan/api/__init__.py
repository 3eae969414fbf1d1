"""Parts of the estimators: PyOD's base class, parameters, and one mixin for each ability.

The methods of a mixin are docstrings and calls. The functions that they call read the fitted
model (:class:`pyod_gan.model.FittedModel`). No mixin knows another mixin.
"""
