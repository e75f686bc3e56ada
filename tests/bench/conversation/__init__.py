"""The score board of the conversation.

world    the factory that the cases speak of
judge    the verdict on what a turn did
__main__ runs cases, each in a throwaway copy of the world
"""
