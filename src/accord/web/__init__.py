"""Where are the pages and routes of the parts put together?"""
