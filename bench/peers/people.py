"""Statistics of people, labels and data sets by the packages they are usually computed with.

Arguments: subject, files and settings as the race gives them, runs. Files are little-endian arrays; tables are made of
them before the clock starts. Prints seconds per run and what was found as JSON.
"""
import json
import sys
import time

import numpy as np

subject, arguments, runs = sys.argv[1], sys.argv[2:-1], int(sys.argv[-1])
MISSING = 2**32 - 1


def codes(path):
    return np.fromfile(path, dtype="<u4")


def doubles(path):
    return np.fromfile(path, dtype="<f8")


def alpha_table(path, raters):
    table = codes(path).reshape(int(raters), -1).astype(float)
    table[table == MISSING] = np.nan
    return table


def alpha_krippendorff(path, raters):
    import krippendorff

    table = alpha_table(path, raters)
    return lambda: krippendorff.alpha(reliability_data=table, level_of_measurement="nominal"), lambda a: [a]


def alpha_evalica(path, raters):
    import evalica
    import pandas as pd

    table = pd.DataFrame(alpha_table(path, raters))
    return lambda: evalica.alpha(table, distance="nominal"), lambda found: [found.alpha]


def votes_crowdkit(path, iterations):
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    rows = codes(path).reshape(-1, 3)
    table = pd.DataFrame({"task": rows[:, 0], "worker": rows[:, 1], "label": rows[:, 2]})

    def told(proba):
        proba = proba.sort_index()
        return proba[sorted(proba.columns)].to_numpy()[::97].max(axis=1).tolist()

    return lambda: DawidSkene(n_iter=int(iterations), tol=0.0).fit_predict_proba(table), told


def pairs_choix(path, items):
    import choix

    rows = [tuple(row) for row in codes(path).reshape(-1, 2).tolist()]
    return lambda: choix.ilsr_pairwise(int(items), rows), lambda found: (found - found.mean()).tolist()


def pairs_evalica(path, items):
    import evalica
    import pandas as pd

    rows = codes(path).reshape(-1, 2)
    xs, ys = rows[:, 0].tolist(), rows[:, 1].tolist()
    winners = [evalica.Winner.X] * len(xs)
    index = pd.Index(range(int(items)))

    def told(found):
        scores = np.log(found.scores.sort_index().to_numpy())
        return (scores - scores.mean()).tolist()

    return lambda: evalica.bradley_terry(xs, ys, winners, index=index), told


def labels_cleanlab(probabilities, labels, classes):
    from cleanlab.filter import find_label_issues

    p = doubles(probabilities).reshape(-1, int(classes))
    y = codes(labels).astype(int)
    told = lambda found: [float(len(found)), float(np.sort(found)[::97].sum())]
    return lambda: np.flatnonzero(find_label_issues(y, p)), told


def words_datasketch(path, constants, size):
    from datasketch import MinHash

    a, b = codes(constants).reshape(2, -1)
    words = codes(path).reshape(-1, int(size))
    documents = [[b"%d" % word for word in document] for document in words.tolist()]

    def signatures():
        out = []
        for document in documents:
            signature = MinHash(num_perm=len(a), permutations=(a, b), scheme="affine32")
            signature.update_batch(document)
            out.append(signature.hashvalues)
        return out

    return signatures, lambda found: [float(values.astype(np.uint64).sum()) for values in found[::97]]


def samples_scipy(path, columns):
    from scipy.spatial.distance import cdist

    rows = doubles(path).reshape(-1, int(columns))
    n = len(rows) // 2

    def mmd():
        squares = cdist(rows, rows, "sqeuclidean")
        sigma = np.sqrt(np.median(squares[np.triu_indices(len(rows), 1)]))
        kernel = np.exp(-squares / (2 * sigma**2))
        xx, yy, xy = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
        within = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (n * (n - 1))
        return within - 2 * xy.mean()

    return mmd, lambda found: [found]


def picks_numpy(path, columns, budget):
    rows = doubles(path).reshape(-1, int(columns))

    def greedy():
        norms = np.einsum("ij,ij->i", rows, rows)
        picks = [0]
        nearest = norms + norms[0] - 2 * rows @ rows[0]
        while len(picks) < int(budget):
            picks.append(int(nearest.argmax()))
            nearest = np.minimum(nearest, norms + norms[picks[-1]] - 2 * rows @ rows[picks[-1]])
        return picks

    return greedy, lambda found: [float(pick) for pick in found]


def stream_river(path):
    from river import drift

    values = doubles(path).tolist()

    def watch():
        detector, alarms = drift.ADWIN(), []
        for at, value in enumerate(values):
            detector.update(value)
            if detector.drift_detected:
                alarms.append(float(at))
        return alarms

    return watch, lambda found: found


def diversity_vendi(path, columns):
    from vendi_score import vendi

    rows = doubles(path).reshape(-1, int(columns))
    return lambda: vendi.score_dual(rows, normalize=True), lambda found: [float(found)]


once, told = globals()[subject](*arguments)
seconds = []
for _ in range(runs):
    start = time.perf_counter()
    found = once()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "places": [], "values": told(found)}))
