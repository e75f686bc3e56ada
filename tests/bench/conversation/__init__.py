"""The score board of the conversation.

world    the factory that the cases speak of
judge    the verdict on what a turn did
__main__ runs cases, each in a throwaway copy of the world
documents questions to documents of others, asked in the chat
cases    cases by somebody who has not read the code; `unseen.jsonl` is for measuring alone
"""
