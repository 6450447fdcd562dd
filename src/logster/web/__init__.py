"""Rows to the screen: the portal's API, its pages and its built files."""
