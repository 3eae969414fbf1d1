"""Files of a fitted detector.

``detector_file.py`` says what is in a saved file, ``safetensors_file.py`` writes and checks it.
``onnx_export.py`` makes an ONNX model of the torch operations in ``onnx_scorer.py``.
"""
