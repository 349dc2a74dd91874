"""Synthetic multi-hop worlds about invented things."""
