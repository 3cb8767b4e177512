"""Use cases that more than one door offers: the command line today, the service tomorrow.

gather             everything said about an artifact, collected, verified and appraised, with its bytes where they are at hand
verified_manifest  the one file manifest that somebody who may signed, for whoever holds a workload to it
publish_report     a runtime report, signed, logged and catalogued
repair             evidence that a registry lost, put back from the catalog

Import from the submodules: this face loads nothing.
"""
