"""Views and scores of rows on the CPU, row by row, compiled by numba.

Every function here has a twin in torch, see :mod:`pyod_gan.views.tensors`. Distances are sums of
whole numbers, so they are the same in every order. A row is computed alone, so its score does not
depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

ABSENT = np.int32(2**31 - 1)  # distance to a place without a prototype
N_LEVELS = 11  # group sizes 1, 2, 4, …, 1024
NEAREST_OF_8, NEAREST_OF_ALL, LARGEST_SURPRISAL = 3, N_LEVELS - 1, 40  # numbers of views
RESIDUALS = (NEAREST_OF_8, NEAREST_OF_ALL, LARGEST_SURPRISAL)
LENGTHS = 2.0**20  # steps per unit of a length, so that those that differ by rounding are equal
COARSE = 64  # steps of a step of fingerprints
BLOCK = 32  # points that are counted at once
KNOTS = 8  # knots that are
N_EDGES = 7  # edges of the 8 bins of a column
CLIP = 8.0  # standard deviations up to which values count in regressions
LEAST_SHARE = 1e-3  # that one of two values is expected to have
FAR_BELOW = -1e300


def compiled(function: F) -> F:
    """Compile a function at its first call, and keep the result on disk where that is possible."""
    options = {"error_model": "numpy", "nogil": True, "fastmath": {"contract"}}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the result can be written
        return njit(**options)(function)


@compiled
def gap(a, b):
    """Absolute difference of two whole numbers of 32 bits, which numba would widen to 64."""
    difference = np.int32(a - b)
    return difference if difference >= np.int32(0) else np.int32(-difference)


@compiled
def find_distances(row, bank, n_present, later, found):
    """Sums of absolute differences of a row (D,) to prototypes (D, S), into ``found`` (S,).

    The first prototype that equals the row may be the row itself and is left out, as are places
    from ``n_present`` on. Rows are equal up to one step per column, in the mean, which is what the
    rounding of single precision can make. Returns the number of prototypes that equal the row.
    """
    n_columns, n_places = bank.shape
    for m in range(n_places):
        found[m] = 0
    j = 0
    while j + 4 <= n_columns:
        a, b, c, d = row[j], row[j + 1], row[j + 2], row[j + 3]
        for m in range(n_places):
            four = gap(a, bank[j, m]) + gap(b, bank[j + 1, m])
            four += gap(c, bank[j + 2, m]) + gap(d, bank[j + 3, m])
            found[m] = np.int32(found[m] + four)
        j += 4
    while j < n_columns:
        a = row[j]
        for m in range(n_places):
            found[m] = np.int32(found[m] + gap(a, bank[j, m]))
        j += 1
    nearest = ABSENT
    for m in range(n_present):
        nearest = min(nearest, found[m])
    for m in range(n_present, n_places):
        found[m] = ABSENT
    copies = 0
    if nearest <= n_columns:
        for m in range(n_present):
            if found[m] <= n_columns:
                copies += 1
                found[m] = np.int32(0) if later[m] else ABSENT
    return copies


@compiled
def n_at_most(x, points, size):
    """Number of the first ``size`` of ascending points that are at most x."""
    low, length = 0, size
    while length > 0:
        half = length // 2
        right = points[low + half] <= x
        low += half + 1 if right else 0
        length = length - half - 1 if right else half
    return low


@compiled
def count_at_most(x, points, every, size):
    """The same number, faster where a cache holds the points: by counting, without jumps.

    ``every`` holds the last point of each block of 32.
    """
    blocks = np.int32(0)
    for k in range(len(every)):
        blocks += np.int32(1) if every[k] <= x else np.int32(0)
    start = blocks * BLOCK
    count = np.int32(0)
    for k in range(start, min(start + BLOCK, len(points))):
        count += np.int32(1) if points[k] <= x else np.int32(0)
    return min(start + count, size)


@compiled
def n_knots_at_most(x, knots, every):
    """Number of ascending knots that are at most x, a multiple of 8 of them.

    ``every`` holds the last knot of each block of 8. A block is counted without a condition on its
    length, which numba makes one comparison.
    """
    block = 0
    for k in range(len(every)):
        block += 1 if every[k] <= x else 0
    start = min(block, len(every) - 1) * KNOTS
    count = start
    for k in range(KNOTS):
        count += 1 if knots[start + k] <= x else 0
    return count


@compiled
def find_later(bank, n_present, later):
    """Tell which prototypes (D, S) equal an earlier one, into ``later`` (S,)."""
    n_columns = len(bank)
    for m in range(n_present):
        for other in range(m):
            apart = np.int64(0)
            for j in range(n_columns):
                apart += gap(bank[j, m], bank[j, other])
                if apart > n_columns:
                    break
            if apart <= n_columns:
                later[m] = True
                break


@compiled
def find_known(row, weights, prints, printed):
    """Number of the row of the pool that a row (D,) equals, or -1, by two fingerprints (2, P).

    A fingerprint is a weighted sum of the row on a coarse grid. The second grid is shifted by half
    a step, so that rounding cannot move a value over the edge of a step in both.
    """
    for shifted in range(2):
        found = 0.0
        for j in range(len(row)):
            found += ((np.int64(row[j]) + shifted * (COARSE // 2)) // COARSE) * weights[j]
        p = n_at_most(found, prints[shifted], prints.shape[1])
        if p > 0 and prints[shifted, p - 1] == found:
            return printed[shifted, p - 1]
    return np.int64(-1)


@compiled
def find_levels(found, work, levels):
    """Mean over groups of the nearest prototype of a group, by group size, into ``levels`` (11,).

    A group of g prototypes holds every (S / g)-th place of ``found`` (S,). Groups without a
    prototype do not count. Sizes above S have the value of S.
    """
    size = len(found)
    absent = np.int32(0)
    for m in range(size):
        work[m] = found[m]
        absent += np.int32(1) if found[m] == ABSENT else np.int32(0)
    for level in range(N_LEVELS):
        half = size // 2
        total = np.int64(work[0]) if size == 1 else np.int64(0)
        for m in range(half):
            a, b = work[m], work[m + half]
            total += np.int64(a) + np.int64(b)
            work[m] = min(a, b)
        levels[level] = (total - np.int64(absent) * ABSENT) / max(size - absent, 1)
        if half > 0:
            size = half
            if absent > 0:
                absent = np.int32(0)
                for m in range(size):
                    absent += np.int32(1) if work[m] == ABSENT else np.int32(0)


@compiled
def find_all_levels(rows, bank, n_present, later, into):
    """Levels of rows (n, D), into (n, 11)."""
    found = np.empty(bank.shape[1], np.int32)
    work = np.empty(bank.shape[1], np.int32)
    for i in range(len(rows)):
        find_distances(rows[i], bank, n_present, later, found)
        find_levels(found, work, into[i])


@compiled
def summarise(values, n, into):
    """Mean, largest, and mean of the three largest of the first ``n`` values, into (3,)."""
    total = 0.0
    first = second = third = FAR_BELOW
    for j in range(n):
        v = values[j]
        total += v
        if v > third:
            if v > first:
                first, second, third = v, first, second
            elif v > second:
                second, third = v, second
            else:
                third = v
    into[0] = total / max(n, 1)
    into[1] = first if n > 0 else 0.0
    into[2] = (first + second + third) / 3 if n > 2 else into[0]


@compiled
def find_regressions(
    values, bins, number, columns, effects, intercepts, middles, units, inverse_widths, leverages,
    work, into,
):  # fmt: skip
    """Surprisal and contradiction of the columns of a row (D,), into (2, d).

    ``number`` is that of the training row that it is, or -1. ``work`` (2, d) is free space.
    """
    n = len(leverages)
    d, n_effects = len(columns), effects.shape[1]
    mine, expected = work[0], work[1]
    for j in range(d):
        expected[j] = intercepts[j]
    for k in range(d):
        value = min(max(values[columns[k]], -CLIP), CLIP)
        mine[k] = value
        slope = effects[k, n_effects - 1]
        if n_effects == 1 or inverse_widths[k] > 0:  # a column of two values has a slope only
            for j in range(d):
                expected[j] += value * np.float64(slope[j])
        else:
            of_bin = effects[k, bins[columns[k]]]
            for j in range(d):
                expected[j] += np.float64(of_bin[j]) + value * np.float64(slope[j])
    for j in range(d):
        apart, alone = np.abs(mine[j] - expected[j]), np.abs(mine[j] - middles[j])
        if number >= 0:
            apart /= 1.0 - np.float64(leverages[number, j])
            alone /= 1.0 - 1.0 / n
        width = inverse_widths[j]
        surprisal, usual = apart * units[0, j], alone * units[1, j]
        if number >= 0:  # by the deviation of the other rows
            surprisal *= np.sqrt((n - 1) / max(n - surprisal * surprisal, 1.0))
            usual *= np.sqrt((n - 1) / max(n - usual * usual, 1.0))
        if width > 0:  # by the share that the value was expected to have
            surprisal = min(surprisal, -np.log(max(1.0 - apart * width, LEAST_SHARE)))
            usual = min(usual, -np.log(max(1.0 - alone * width, LEAST_SHARE)))
        into[0, j], into[1, j] = surprisal, surprisal - usual


@compiled
def find_views(
    rows, values, prints, printed, bank, n_present, later, core, unit, points, n_points, at,
    between, edges, pairs, cells, columns, effects, intercepts, middles, units, inverse_widths,
    leverages, means, axes, weights, into,
):  # fmt: skip
    """Views of rows, into (n, V). :class:`~pyod_gan.views.TableViews` says what they are.

    ``rows`` (n, D) are whole numbers, and ``values`` (n, D) the same in standard deviations.
    ``unit`` is a mean difference of one standard deviation, as a sum of whole numbers.
    """
    n, n_columns = rows.shape
    n_places = bank.shape[1]
    found = np.empty(n_places, np.int32)
    work = np.empty(n_places, np.int32)
    levels = np.empty(N_LEVELS, np.float64)
    n_tables = at.shape[3]
    of_columns = np.empty((n_tables, n_columns), np.float64)
    of_pairs = np.empty((cells.shape[1], len(pairs)), np.float64)
    bins = np.empty(n_columns, np.int64)
    d = len(columns)
    of_row = np.empty((2, d), np.float64)
    of_regressions = np.empty((2, d), np.float64)
    n_axes = axes.shape[2]
    projected = np.empty(n_axes, np.float64)
    every = np.ascontiguousarray(points[:, BLOCK - 1 :: BLOCK])
    for i in range(n):
        row = rows[i]
        number = find_known(row, weights, prints, printed)
        known = 1 if number >= 0 else 0
        copies = find_distances(row, bank, n_present, later, found)
        find_levels(found, work, levels)
        v = 0
        for k in range(N_LEVELS):
            into[i, v] = levels[k] / unit
            v += 1
        for m in range(n_places):
            if not core[m]:
                found[m] = ABSENT
        find_levels(found, work, levels)
        for k in range(0, N_LEVELS, 2):
            into[i, v] = levels[k] / unit
            v += 1
        into[i, v] = max(copies - 1, 0)
        v += 1
        for j in range(n_columns):
            x = row[j]
            p = count_at_most(np.int32(x + 1), points[j], every[j], n_points[j])
            if p > 0 and points[j, p - 1] >= x - 1:  # equal up to one step
                for t in range(n_tables):
                    of_columns[t, j] = at[known, j, p - 1, t]
            else:
                for t in range(n_tables):
                    of_columns[t, j] = between[j, p, t]
            b = 0
            for k in range(N_EDGES):
                b += x + 1 >= edges[j, k]
            bins[j] = b
        for t in range(n_tables):
            summarise(of_columns[t], n_columns, into[i, v : v + 3])
            v += 3
        for q in range(len(pairs)):
            cell = (N_EDGES + 1) * bins[pairs[q, 0]] + bins[pairs[q, 1]]
            for t in range(cells.shape[1]):
                of_pairs[t, q] = cells[known, t, q, cell]
        for t in range(cells.shape[1]):
            summarise(of_pairs[t], len(pairs), into[i, v : v + 3])
            v += 3
        find_regressions(
            values[i], bins, number, columns, effects, intercepts, middles, units, inverse_widths,
            leverages, of_row, of_regressions,
        )  # fmt: skip
        for t in range(2):
            summarise(of_regressions[t], d, into[i, v : v + 3])
            for k in range(v, v + 3):
                into[i, k] = np.rint(into[i, k] * LENGTHS) / LENGTHS
            v += 3
        for a in range(len(axes)):
            for k in range(n_axes):
                projected[k] = 0.0
            for j in range(n_columns):
                centred = values[i, j] - means[a, j]
                for k in range(n_axes):
                    projected[k] += centred * axes[a, j, k]
            total, least, largest = 0.0, 0.0, 0.0
            for k in range(n_axes):
                square = projected[k] * projected[k]
                total += square
                if k >= n_axes // 2:
                    least += square
                largest = max(largest, square)
            into[i, v] = np.rint(np.sqrt(total / n_axes) * LENGTHS) / LENGTHS
            into[i, v + 1] = np.rint(np.sqrt(least / (n_axes - n_axes // 2)) * LENGTHS) / LENGTHS
            into[i, v + 2] = np.rint(np.sqrt(largest) * LENGTHS) / LENGTHS
            v += 3
        into[i, v] = known


@compiled
def weigh(
    views, own, knots, tails, heights, beyond, lowest, floors, middles, spreads, ceiling, slope,
    w1, b1, w2, b2, w3, b3, into,
):  # fmt: skip
    """Three opinions of views (n, V) and own views (n, K), into (n, 3).

    They are what the critic says, the plain mean, and the largest residual. The last view
    tells known rows. Those before it are of axes, which new rows compare with the last references.
    """
    n, n_views = views.shape
    n_knots = knots.shape[1]
    first_axis = 2 * n_views - 1 - len(knots)  # the views of axes are the last but one
    n_units = len(b1)
    first = np.empty(n_units, np.float64)
    second = np.empty(n_units, np.float64)
    every = np.ascontiguousarray(knots[:, KNOTS - 1 :: KNOTS])
    for i in range(n):
        for u in range(n_units):
            first[u] = b1[u]
            second[u] = b2[u]
        above, plain, residual = 0.0, 0.0, FAR_BELOW
        is_new = views[i, n_views - 1] == 0
        for v in range(n_views):
            x = views[i, v]
            r = v + n_views - first_axis if is_new and v >= first_axis and v < n_views - 1 else v
            p = n_knots_at_most(x, knots[r], every[r])
            is_end = p == n_knots
            if p == 0 or (is_end and x > knots[r, p - 1]):
                tail = tails[r, 0] if p == 0 else beyond
                z = (np.log(max(x - lowest[r], 0.0) + floors[r]) - middles[r]) / spreads[r]
                z = np.log1p(z) if z > 0 else -np.log1p(-z)
            elif is_end:
                tail, z = tails[r, p - 1], heights[r, p - 1]
            else:
                share = (x - knots[r, p - 1]) / (knots[r, p] - knots[r, p - 1])
                tail = tails[r, p - 1] + share * (tails[r, p] - tails[r, p - 1])
                z = heights[r, p - 1] + share * (heights[r, p] - heights[r, p - 1])
            if v in RESIDUALS:
                residual = max(residual, z)
            above += max(z - ceiling, 0.0)
            z = min(z, ceiling)
            plain += tail + 0.5 * z
            for u in range(n_units):
                first[u] += tail * w1[v, u] + z * w1[n_views + v, u]
        for k in range(own.shape[1]):
            z = own[i, k]
            z = min(np.log1p(z), ceiling) if z > 0 else -np.log1p(-z)
            for u in range(n_units):
                first[u] += z * w1[2 * n_views + k, u]
        for h in range(n_units):
            active = max(first[h], 0.0)
            for u in range(n_units):
                second[u] += active * w2[h, u]
        score = b3 + slope * above / n_views
        for u in range(n_units):
            score += max(second[u], 0.0) * w3[u]
        into[i, 0] = score
        into[i, 1] = (plain + slope * above) / n_views
        into[i, 2] = np.expm1(residual) if residual > 0 else -np.expm1(-residual)


@compiled
def find_alike(rows, places, cap, chosen):
    """Numbers of the most similar prototypes of K groups, (n, D), (D, M) into ``chosen`` (K, n).

    A difference counts up to ``cap``. Group k holds prototypes k, k + K, k + 2 K, …
    """
    n_groups = len(chosen)
    n_columns, n_places = places.shape
    apart = np.empty(n_places, np.int64)
    for i in range(len(rows)):
        for m in range(n_places):
            apart[m] = 0
        for j in range(n_columns):
            x = rows[i, j]
            for m in range(n_places):
                apart[m] += min(gap(x, places[j, m]), cap)
        for k in range(n_groups):
            best, least = k, np.int64(2**62)
            for m in range(k, n_places, n_groups):
                here = apart[m] if apart[m] > 0 else np.int64(2**61)
                if here < least:
                    best, least = m, here
            chosen[k, i] = best
