"""Is what the database holds right, judged by somebody who shares no code with what wrote it?"""
