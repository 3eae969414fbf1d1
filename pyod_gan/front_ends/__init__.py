"""Front ends: from a user's data to rows of numbers, and from rows' scores back.

``front_end.py`` says what a front end must do. ``table.py`` is the one for tables: ``columns.py``
and ``table_encoder.py`` encode what is not a number, ``table_scaler.py`` scales all columns, and
``encoder_bytes.py`` turns an encoder into bytes and back.
"""
