"""Workers that need no processes of their own, so that a test of a builder is quick."""

from __future__ import annotations


class InThisProcess:
    """Workers that do each task at once, in order; `done` lists them."""

    def __init__(self, *_):
        self.done = []

    def results(self, function, tasks):
        for number, task in enumerate(tasks):
            try:
                result = function(task)
            except Exception as error:
                result = error
            self.done.append(function.__name__)
            yield number, result

    def close(self):
        pass
