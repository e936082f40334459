"""The pipeline scored against a simulated company's truth, night by night. Nothing here is read by a run.

A measure is one SELECT in a file of this folder, over the published database, the truth as of that night
(schema `truth`) and the night before (`before`): rows of a measure, a detail of it, and how much is right
and how much is wrong.
"""
