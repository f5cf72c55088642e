"""The command line: one module per command, each importing its work only when it is called."""
