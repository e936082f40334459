"""What people read: sentences, pictures and pages made of facts that were found elsewhere.

Nothing here asks a database or decides anything, and no page holds a value of a person.
"""
