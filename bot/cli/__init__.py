"""The command line: `khedmatyar`. Help in English, answers in Persian.

Exit codes: 0 done, 1 the answer is "no" (a check failed, nothing found), 2 the call or the data cannot be used.
"""

from bot.cli.app import app, main

__all__ = ["app", "main"]
