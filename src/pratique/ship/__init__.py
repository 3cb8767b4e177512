"""The way out: inventory, prove, sign, log, attach, catalogue. Resumable: kill it at any point and run it again.

`ship.shipment.ship` is the whole way as one function; follow it from top to bottom.
"""
