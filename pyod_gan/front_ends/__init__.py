"""Front ends turn a user's data into rows of numbers, and rows' scores into samples' scores.

``front_end.py`` says what a front end must do. ``table.py`` is the front end of tables.
``columns.py`` and ``table_encoder.py`` encode values that are not numbers. ``table_scaler.py``
scales all columns. ``encoder_bytes.py`` turns an encoder into bytes and back.
"""
