"""`python -m ragreason` is `ragreason`."""

from ragreason.cli.main import main

main()
