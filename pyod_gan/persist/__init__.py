"""Files of a fitted detector.

``detector_file.py`` says what is in a saved file, ``content_check.py`` checks what a file says, and
``safetensors_file.py`` writes the file and its checksum. ``onnx_export.py`` makes an ONNX model of
the torch operations in ``onnx_scorer.py``.
"""
