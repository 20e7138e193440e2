"""What a store or an index must do, as tests to inherit from: for ours, and for those that others write.

The classes know nothing of a test framework beyond names that begin with ``test``. A class that inherits from one
supplies the fixture it names; the tests of stores are coroutines.
"""
