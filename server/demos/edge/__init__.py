"""The story of one gateway without a network, played with real processes.

cable     the line between gateway and hub, which can be pulled
gateway   a device: its home, its agent, the people in front of it
__main__  the story
"""
