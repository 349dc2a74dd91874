"""Synthetic multi-hop worlds about invented things, and the solver that proves their questions."""
