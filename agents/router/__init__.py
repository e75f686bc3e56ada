"""Which intent a message has: `intents.yaml` defines them, `router.py` decides.

intents.yaml      definitions, hints and training utterances, in English and Chinese
glossary.yaml     Chinese words and their English gloss
utterances.py     the file, checked; which utterances are held out from training
features.py       what the classifier sees of a message
training.py       fits and calibrates the classifier, keeps it by content hash
classifier.py     the trained classifier, in numpy
router.py         classifier, then a model's choice, then a question back
chooser.py        the model's schema-bound choice
"""
