"""What do other systems promise at the same work, on this machine, in this run?"""
