"""ragreason: question answering that reasons and retrieves together."""
