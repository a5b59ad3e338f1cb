"""How many processors may this process use?"""

import os


def cores() -> int:
    """Those it may run on, where the system tells, else those that there are; at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
