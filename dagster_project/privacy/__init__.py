"""One person's data: found everywhere, handed over, corrected, restricted, or removed for good.

Plain functions over the lake and the state; the words on the screen are in commands.py alone.
"""
