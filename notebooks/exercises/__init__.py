"""The exercises, a module a lesson, which ``checks.py`` imports when it is asked for one."""
