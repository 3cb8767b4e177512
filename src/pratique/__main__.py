"""`python -m pratique`, for where the program itself is not on the path."""

from pratique.cli.main import main

main()
