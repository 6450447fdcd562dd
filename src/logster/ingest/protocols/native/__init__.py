"""The HTTP API of the original service: its bodies and its answers."""
