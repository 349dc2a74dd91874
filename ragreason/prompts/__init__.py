"""Prompt texts as files, one a purpose and language."""
