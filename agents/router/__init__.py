"""Which intent a message has: `intents.yaml` defines them, `router.py` decides.

intents.yaml      definitions, hints, messages and terms, in English and Chinese
glossary.yaml     Chinese words and their English gloss
utterances.py     the file, checked; what to train on, what is held out to measure with
features.py       what the classifier sees of a message
ridge.py          kernel ridge regression with leave-one-out predictions
training.py       fits and calibrates the classifier, keeps it by content hash
classifier.py     the trained classifier, in numpy
router.py         classifier, then a model's choice, then a question back
chooser.py        the model's schema-bound choice
"""
