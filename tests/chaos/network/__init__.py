"""A bad network to put between the processes: a proxy that spoils what passes, and hosts of their
own on one machine.
"""
