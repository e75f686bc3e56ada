"""The company's documents as tools: searched here, and packed for devices that search without the hub.

search.py        passages by meaning and by words
packs.py         knowledge packs: documents as one small file for devices
word_vectors.py  small vectors of passages and words for a pack
"""
