"""Who may decide what, and by which rule?"""
