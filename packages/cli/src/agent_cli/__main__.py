"""`python -m agent_cli`: the same as the `agent` command."""

from agent_cli.main import main

main()
