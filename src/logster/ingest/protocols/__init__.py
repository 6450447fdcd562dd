"""One module per wire format; each gives the same four parts (see `protocol.py`)."""
