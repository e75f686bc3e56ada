"""Which intent a message has: `intents.yaml` defines them, `router.py` decides by the intent threshold.

intents.yaml      definitions, hints, messages and terms, in English and Chinese
intents.py        the intents, and the file, checked: what to train on, what is held out to measure with
glossary.yaml     Chinese words and their English gloss
features.py       what the classifier sees of a message
training.py       fits, calibrates and measures the classifier, keeps it by digest in the weight cache
classifier.py     the trained classifier, in numpy
router.py         the intent threshold: the classifier, then a model's choice, then a question back
"""
