"""What `make demo`, `make demo-factory` and `make demo-edge` play.

answers.py    three questions and their answers
factory/      the whole life of a model version
edge/         one gateway without a network
hub.py        a hub in a process of its own, calls to it, and the printed words
"""
