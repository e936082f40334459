"""What is likely of people: models trained on the window before a night, judged on the last one.

Here belong the models and how they are judged, as plain functions of arrays. What is merely counted
about people, and what goes into a model, is SQL.
"""
