"""Figures of a board. Every file here declares one `Figure`; a new file is a new figure, with nothing else to edit.

It appears on the page, in the Markdown and in the folder ``figures`` of the report. An example of a whole file:

.. code-block:: python

    from clusterbench.report import Board, Drawing, Figure, new_figure, of_one_dataset


    def _draw(board: Board) -> Drawing:
        canvas = new_figure(8.2, 3.0)  # inches
        axes = canvas.add_subplot()
        rows = [(entry.label, str(len(entry.sizes))) for entry in board.contenders]
        axes.plot([len(entry.sizes) for entry in board.contenders], "o")
        return Drawing(canvas, "Clusters of every contender.", ("entry", "clusters"), rows)


    FIGURE = Figure("clusters", "Number of clusters", is_drawn=of_one_dataset, draw=_draw)
"""
