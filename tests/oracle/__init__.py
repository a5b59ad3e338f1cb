"""What would somebody answer who has the rows, the definition and all the time in the world?"""
