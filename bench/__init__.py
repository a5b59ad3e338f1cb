"""How fast is it, beside what this machine could do at best?"""
