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
def _add_rows(typing: Any, buffer: Any, places: Any, start: Any, stop: Any, sums: Any, row: Any) -> Any:
    """sums[row, :] += total of ``buffer[places[start:stop], :]``; `sums` is float64.

    A float32 buffer is added up in pieces of `PIECE` rows, as two interleaved sums (the additions of one would wait
    for each other), and each piece is added in float64: a piece loses at most 5 roundings.
    """
    signature = types.void(buffer, places, types.intp, types.intp, sums, types.intp)

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        buffer_type, places_type, _, _, sums_type, _ = signature.args
        buffer_, places_, start_, stop_, sums_, row_ = arguments
        lanes = _Lanes(context, builder)

        def get(index: Any, ahead: int = 0) -> Any:
            cell = lanes.cell(places_type, places_, builder.add(index, ir.Constant(index.type, ahead)))
            return lanes.load(buffer_type, buffer_, builder.zext(builder.load(cell), index.type))

        one, step = ir.Constant(start_.type, 1), ir.Constant(start_.type, PIECE)
        wide = lanes.type(types.float64)
        total = cgutils.alloca_once_value(builder, lanes.load(sums_type, sums_, row_))
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
def distance_sums(block: Floats, points: Floats, members: Members, buffer: _Floats, sums: Floats) -> None:
    """sums[c, lane] = sum of distances from lane ``block[:, lane]`` (width, LANES) to the points of cluster c.

    The dtype of `buffer`, scratch of shape (CHUNK, LANES), is that in which distances are kept.
    """
    places, run_start, run_cluster, chunk_start = members
    n, width = points.shape
    sums[:] = 0.0
    for chunk in range(len(chunk_start) - 1):
        first = chunk * CHUNK
        for i in range(first, min(n, first + CHUNK)):
            _put_distances(block, points, i, width, buffer, i - first)
        for run in range(chunk_start[chunk], chunk_start[chunk + 1]):
            _add_rows(buffer, places, run_start[run], run_start[run + 1], sums, run_cluster[run])


@compiled
def silhouettes(sums: Floats, partitions: Partitions, own: Labels, s: Floats, a: Floats) -> None:
    """From sums of distances to s = (b - a) / max(a, b) and a, (m, lanes); a: to the own, b: to the nearest cluster.

    Rows without a cluster get NaN. The only row of a cluster has s = 0, and so has a row with a = b = 0.
    """
    _, starts, ids, sizes, _ = partitions
    m, lanes = s.shape
    b = np.empty(lanes)
    for p in range(m):
        a[p], b[:] = 0.0, np.inf
        for c in range(starts[p + 1] - starts[p]):
            g = ids[starts[p] + c]
            inside, outside = 1.0 / max(sizes[g] - 1, 1), 1.0 / sizes[g]
            for lane in range(lanes):
                if own[p, lane] == c:
                    a[p, lane] = sums[g, lane] * inside
                else:
                    b[lane] = min(b[lane], sums[g, lane] * outside)
        for lane in range(lanes):
            c = own[p, lane]
            if c < 0:
                s[p, lane] = np.nan
            elif sizes[ids[starts[p] + c]] == 1:
                s[p, lane] = 0.0
            else:
                widest = max(a[p, lane], b[lane])
                s[p, lane] = (b[lane] - a[p, lane]) / widest if widest > 0.0 else 0.0


@compiled
def score_rows(space: Floats, rows: Ints, partitions: Partitions, buffer: _Floats, s: Floats, a: Floats) -> None:
    """Fill s and a, each (m, len(rows)), for the given rows of the space."""
    sums = np.empty((len(partitions.sizes), LANES), np.float64)
    block = np.zeros((space.shape[1], LANES), np.float64)
    own = np.full((len(partitions.labels), LANES), -1, np.int32)
    for first in range(0, len(rows), LANES):
        part = slice(first, min(first + LANES, len(rows)))
        for lane in range(part.stop - first):
            block[:, lane] = space[rows[first + lane]]
            own[:, lane] = partitions.labels[:, rows[first + lane]]
        distance_sums(block, space, partitions.members, buffer, sums)
        silhouettes(sums, partitions, own, s[:, part], a[:, part])
