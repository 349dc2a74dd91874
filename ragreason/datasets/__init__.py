"""Dataset files to questions, gold and paragraphs."""
