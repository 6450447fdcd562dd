"""Stack traces as frames: one module for each family of languages, behind one interface."""
