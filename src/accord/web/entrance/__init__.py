"""How does a request come in: from a program or a page, to live or to practice?"""
