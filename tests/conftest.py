"""What holds for every ring."""

from hypothesis import settings

# A first example may load a library for a second; how fast something is, `make bench` says.
settings.register_profile("logster", deadline=None)
settings.load_profile("logster")
