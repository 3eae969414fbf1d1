"""Files of a fitted detector.

``detector_file.py`` says what is in a saved file, and ``safetensors_file.py`` writes and checks the
file. ``onnx_export.py`` makes an ONNX model of the torch operations in ``onnx_scorer.py``.
"""
