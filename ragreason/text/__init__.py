"""Text handling for English and Chinese: sentences, tokens, language, answer normalisation."""
