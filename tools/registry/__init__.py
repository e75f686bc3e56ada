"""What models there are: published ones, the tenant's own versions and their lineage, their files, what can be served.

catalogue.py    published models and licences, each with a source
versions.py     models and versions, registered, shown and compared; lineage and cards
lifecycle.py    stages, aliases, retirement
artifacts.py    files of models by the digest of their content: put, sent, listed, removed, collected
report.py       what the operations give, as Markdown
roster.py       the models that the runtimes of this hub can serve now
"""
