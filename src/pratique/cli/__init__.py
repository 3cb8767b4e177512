"""The command line: one module a command. Only here do errors become exit codes, and only here is anything printed.

Exit codes: 0 allowed or done; 1 denied, violated, or findings; 2 wrong usage or unreadable input; 3 could not be checked;
4 internal error or this machine could not write.
"""
