"""Strategies, one a file: pure functions of the tree."""
