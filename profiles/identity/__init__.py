"""The identity core: plain Python, no Django, no clock, no I/O.

`values` names the evidence, `canonical` gives identifiers their comparable form, `partition` decides who is one person.
"""
