"""What a process had taken when it was ready for a command: its forks take that for granted. It is imported
last, and nothing else belongs here.
"""

import time

CPU_SECONDS = time.process_time()
