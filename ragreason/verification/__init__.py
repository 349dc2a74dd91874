"""Verifiers, one a file."""
