"""How good a bill of materials is: what standards and our own measures ask of it, and what to do for a better score. Pure.

    rules       what a rule and a standard are, and how answers become a score
    view        a document as the rules look at it: components, relations, what is said about files
    fields      whether a field says something: supplier, contact, identifier, hash, licence
    ntia, cisa, bsi, accuracy   one standard a file: its rules, as data
    standards   all of them by name, and `score_document`

Import from the submodules: this face loads nothing.
"""
