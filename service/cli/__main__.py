"""`python -m service.cli`: the program, for whoever knows the interpreter and not where its commands are."""

from service.cli.main import main

main()
