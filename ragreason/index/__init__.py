"""The index folder: passages, vectors, sparse index, manifest."""
