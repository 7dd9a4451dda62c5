"""The verbs, one a module: its function `verb` declares arguments and options and calls what does the work.

What is heavy is imported inside that function, so that ``--help`` is instant.
"""
