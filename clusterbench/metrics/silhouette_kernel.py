"""The compiled kernels: sums of distances from a block of rows to the clusters of all labelings.

The rows of a block are the lanes of a vector. Their distances to one chunk of points are computed by direct
differences (no cancellation, unlike a matrix product) and kept in a buffer of cache size; for each cluster the buffered
lane vectors of its points are then added up in registers, so that a labeling costs one load and one addition per point
and vector. A cluster's sum depends on its own points alone: no other labeling can move it.

Lane vectors are spelled out as LLVM vectors, since the loop vectoriser leaves such short inner loops half scalar; LLVM
maps them to whatever the processor has. All that compiles into `score_rows` is in this one file, because numba's
cache on disk watches only the file of the function it compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from clusterbench.labeling import Labels
from clusterbench.metrics.compilation import compiled
from clusterbench.metrics.partitions import Members, Partitions
from clusterbench.metrics.threads import CHUNK, LANES
from clusterbench.tables import Floats, Ints

PIECE = 16

cgutils: Any = untyped_cgutils
_Floats = NDArray[Any]


def _intrinsic(function: Callable[..., Any]) -> Any:
    return intrinsic(function)


class _Lanes:
    """Writes LLVM instructions on vectors of `LANES` floats, the rows of C-ordered arrays (*, LANES)."""

    def __init__(self, context: Any, builder: Any) -> None:
        self.context, self.builder = context, builder

    def type(self, scalar: Any) -> Any:
        return ir.VectorType(self.context.get_data_type(scalar), LANES)

    def cell(self, array_type: Any, array: Any, index: Any) -> Any:
        """Return a pointer to element `index` of the flattened array."""
        start = self.context.make_array(array_type)(self.context, self.builder, array).data
        return self.builder.gep(start, [index])

    def row(self, array_type: Any, array: Any, index: Any) -> Any:
        """Return a pointer to row `index`, as a vector."""
        cell = self.cell(array_type, array, self.builder.mul(index, ir.Constant(index.type, LANES)))
        return self.builder.bitcast(cell, self.type(array_type.dtype).as_pointer())

    def load(self, array_type: Any, array: Any, index: Any) -> Any:
        # Alignment is that of one element: numpy guarantees no more.
        return self.builder.load(self.row(array_type, array, index), align=array_type.dtype.bitwidth // 8)

    def store(self, value: Any, array_type: Any, array: Any, index: Any) -> None:
        self.builder.store(value, self.row(array_type, array, index), align=array_type.dtype.bitwidth // 8)

    def spread(self, value: Any) -> Any:
        """Return the vector that holds `value` in every lane."""
        undefined = ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined)
        first = self.builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(first, undefined, everywhere)

    def call(self, name: str, *values: Any) -> Any:
        """Call an LLVM function of float64 vectors."""
        signature = ir.FunctionType(values[0].type, [values[0].type] * len(values))
        full_name = f"llvm.{name}.v{LANES}f64"
        function = cgutils.get_or_insert_function(self.builder.module, signature, full_name)
        return self.builder.call(function, values)


@_intrinsic
def _put_distances(typing: Any, block: Any, points: Any, point: Any, width: Any, buffer: Any, row: Any) -> Any:
    """buffer[row, :] = distances from ``points[point]`` to the lanes of `block` (width, LANES), both float64."""
    signature = types.void(block, points, types.intp, types.intp, buffer, types.intp)

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        block_type, points_type, _, _, buffer_type, _ = signature.args
        block_, points_, point_, width_, buffer_, row_ = arguments
        lanes = _Lanes(context, builder)
        first = builder.mul(point_, width_)
        total = cgutils.alloca_once_value(builder, ir.Constant(lanes.type(types.float64), None))
        with cgutils.for_range(builder, width_) as loop:
            value = builder.load(lanes.cell(points_type, points_, builder.add(first, loop.index)))
            gap = builder.fsub(lanes.load(block_type, block_, loop.index), lanes.spread(value))
            builder.store(lanes.call("fmuladd", gap, gap, builder.load(total)), total)
        distance, kept = lanes.call("sqrt", builder.load(total)), lanes.type(buffer_type.dtype)
        lanes.store(builder.fptrunc(distance, kept), buffer_type, buffer_, row_)
        return context.get_dummy_value()

    return signature, emit


@_intrinsic
def _add_rows(
    typing: Any, buffer: Any, places: Any, start: Any, stop: Any, weights: Any, first: Any, sums: Any, row: Any
) -> Any:
    """sums[row, :] += total of ``buffer[places[start:stop], :]``; `sums` is float64.

    A float32 buffer is added up in pieces of `PIECE` rows, as two interleaved sums (the additions of one would wait
    for each other), and each piece is added in float64: a piece loses at most 5 roundings. With `weights`, which are
    None or float64, row i of the buffer (float64, too) counts ``weights.flat[first + i]`` times.
    """
    signature = types.void(buffer, places, types.intp, types.intp, weights, types.intp, sums, types.intp)

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        buffer_type, places_type, _, _, weights_type, _, sums_type, _ = signature.args
        buffer_, places_, start_, stop_, weights_, first_, sums_, row_ = arguments
        lanes = _Lanes(context, builder)

        def place(index: Any, ahead: int = 0) -> Any:
            cell = lanes.cell(places_type, places_, builder.add(index, ir.Constant(index.type, ahead)))
            return builder.zext(builder.load(cell), index.type)

        def get(index: Any, ahead: int = 0) -> Any:
            return lanes.load(buffer_type, buffer_, place(index, ahead))

        one, step = ir.Constant(start_.type, 1), ir.Constant(start_.type, PIECE)
        wide = lanes.type(types.float64)
        total = cgutils.alloca_once_value(builder, lanes.load(sums_type, sums_, row_))
        if weights_type != types.none:
            with cgutils.for_range_slice(builder, start_, stop_, one) as (index, _):
                weight = builder.load(lanes.cell(weights_type, weights_, builder.add(first_, place(index))))
                builder.store(lanes.call("fmuladd", lanes.spread(weight), get(index), builder.load(total)), total)
            lanes.store(builder.load(total), sums_type, sums_, row_)
            return context.get_dummy_value()
        middle = start_
        if buffer_type.dtype == types.float32:
            middle = builder.add(start_, builder.mul(builder.udiv(builder.sub(stop_, start_), step), step))
            with cgutils.for_range_slice(builder, start_, middle, step) as (index, _):
                even, odd = get(index), get(index, 1)
                for ahead in range(2, PIECE, 2):
                    even, odd = builder.fadd(even, get(index, ahead)), builder.fadd(odd, get(index, ahead + 1))
                builder.store(builder.fadd(builder.load(total), builder.fpext(builder.fadd(even, odd), wide)), total)
        rest = cgutils.alloca_once_value(builder, ir.Constant(lanes.type(buffer_type.dtype), None))
        with cgutils.for_range_slice(builder, middle, stop_, one) as (index, _):
            builder.store(builder.fadd(builder.load(rest), get(index)), rest)
        everything = builder.fadd(builder.load(total), builder.fpext(builder.load(rest), wide))
        lanes.store(everything, sums_type, sums_, row_)
        return context.get_dummy_value()

    return signature, emit


@compiled
def distance_sums(
    block: Floats,
    points: Floats,
    members: Members,
    weights: Floats | None,
    list_of: Ints,
    buffer: _Floats,
    sums: Floats,
) -> None:
    """sums[c, lane] = sum of distances from lane ``block[:, lane]`` (width, LANES) to the points of cluster c.

    With weights (q, n), point i of cluster c counts ``weights[list_of[c], i]`` times. The dtype of `buffer`, scratch
    of shape (CHUNK, LANES), is that in which distances are kept.
    """
    places, run_start, run_cluster, chunk_start = members
    n, width = points.shape
    sums[:] = 0.0
    for chunk in range(len(chunk_start) - 1):
        first = chunk * CHUNK
        for i in range(first, min(n, first + CHUNK)):
            _put_distances(block, points, i, width, buffer, i - first)
        for run in range(chunk_start[chunk], chunk_start[chunk + 1]):
            c = run_cluster[run]
            _add_rows(buffer, places, run_start[run], run_start[run + 1], weights, list_of[c] * n + first, sums, c)


@compiled
def silhouettes(
    sums: Floats, partitions: Partitions, own: Labels, a: Floats, b: Floats, near: Labels, s: Floats
) -> None:
    """From sums of distances to a, b, the nearest other cluster and s = (b - a) / max(a, b), each (m, lanes).

    Rows without a cluster get NaN. The only row of a cluster has s = 0, and so has a row with a = b = 0.
    """
    _, starts, ids, sizes, _ = partitions
    m, lanes = s.shape
    for p in range(m):
        for lane in range(lanes):
            a[p, lane], b[p, lane], near[p, lane] = 0.0, np.inf, -1
        for c in range(starts[p + 1] - starts[p]):
            g = ids[starts[p] + c]
            inside, outside = 1.0 / max(sizes[g] - 1, 1), 1.0 / sizes[g]
            for lane in range(lanes):
                if own[p, lane] == c:
                    a[p, lane] = sums[g, lane] * inside
                else:
                    mean = sums[g, lane] * outside
                    if mean < b[p, lane]:
                        b[p, lane], near[p, lane] = mean, c
        for lane in range(lanes):
            c = own[p, lane]
            if c < 0:
                s[p, lane] = np.nan
            elif sizes[ids[starts[p] + c]] == 1:
                s[p, lane] = 0.0
            else:
                widest = max(a[p, lane], b[p, lane])
                s[p, lane] = (b[p, lane] - a[p, lane]) / widest if widest > 0.0 else 0.0


@compiled
def score_rows(
    space: Floats, rows: Ints, partitions: Partitions, buffer: _Floats, out: tuple[Floats, Floats, Labels, Floats]
) -> None:
    """Fill a, b, near and s, each (m, len(rows)), for the given rows of the space."""
    a, b, near, s = out
    sums = np.empty((len(partitions.sizes), LANES), np.float64)
    block = np.zeros((space.shape[1], LANES), np.float64)
    own = np.full((len(partitions.labels), LANES), -1, np.int32)
    for first in range(0, len(rows), LANES):
        part = slice(first, min(first + LANES, len(rows)))
        for lane in range(part.stop - first):
            block[:, lane] = space[rows[first + lane]]
            own[:, lane] = partitions.labels[:, rows[first + lane]]
        distance_sums(block, space, partitions.members, None, partitions.sizes, buffer, sums)
        silhouettes(sums, partitions, own, a[:, part], b[:, part], near[:, part], s[:, part])


@compiled
def weighted_sums(
    space: Floats, rows: Ints, targets: Labels, starts: Ints, weights: Floats, members: Members, out: Floats
) -> None:
    """out[q, i] = weighted sum of distances from ``rows[i]`` to the rows of cluster ``targets[q, rows[i]]`` of list q.

    The members are those of q labelings, one pair per cluster of each, with weights (q, n).
    """
    buffer = np.empty((CHUNK, LANES), np.float64)
    sums = np.empty((starts[-1], LANES), np.float64)
    block = np.zeros((space.shape[1], LANES), np.float64)
    list_of = np.repeat(np.arange(len(targets)), np.diff(starts))
    for start in range(0, len(rows), LANES):
        lanes = min(LANES, len(rows) - start)
        for lane in range(lanes):
            block[:, lane] = space[rows[start + lane]]
        distance_sums(block, space, members, weights, list_of, buffer, sums)
        for q in range(len(targets)):
            for lane in range(lanes):
                target = targets[q, rows[start + lane]]
                out[q, start + lane] = sums[starts[q] + target, lane] if target >= 0 else 0.0
