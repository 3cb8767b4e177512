"""The package databases of rpm: three containers (SQLite, ndb, Berkeley DB) around the same headers, each read in pure Python.

No library is handed a hostile file: the readers follow only what they need, and each page once.
"""
