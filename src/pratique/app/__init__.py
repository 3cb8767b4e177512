"""Use cases that more than one door offers: the command line today, the service tomorrow.

gather             everything said about an artifact, collected, verified and appraised, with its bytes where they are at hand
verified_manifest  the one file manifest that somebody who may signed, for whoever holds a workload to it
publish_report     a runtime report, signed, logged and catalogued
home_log           this home's transparency log: opened, made, and refused when it is not the one that was here
mend_log           that log brought forward, called otherwise, and held against what it signed
repair             evidence that a registry lost, put back from the catalog

Import from the submodules: this face loads nothing.
"""
