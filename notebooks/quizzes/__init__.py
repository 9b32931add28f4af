"""The questions, a module a lesson, which ``quiz.py`` imports when it is asked for one."""
