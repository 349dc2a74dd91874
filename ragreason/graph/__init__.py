"""Graph files: definition, checks, compilation, drawing."""
