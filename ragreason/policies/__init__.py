"""Policies, one a file: what to think, search or answer next."""
