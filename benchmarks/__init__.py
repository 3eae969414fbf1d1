"""Compare :class:`pyod_gan.GANDetector` with its peers: run ``python -m benchmarks --help``.

Imports go one way: ``peers`` <- ``harness`` <- ``studies`` <- ``__main__``.

=========================== ===================================================================
file                        what it holds
=========================== ===================================================================
peers/                      **detectors that exist for comparison only**
peers/nearest_prototype.py  the training-free bar
peers/pyod_gans.py          PyOD's GANs, repaired
peers/ablated.py            the default GAN with a part taken out
harness/                    **how anything is measured**
harness/datasets.py         data sets that need no download; the 64 pinned ADBench and ODDS files
harness/download.py         fetch those files, with checksums (``files.csv``)
harness/kddcup99.py         KDDCup99, through scikit-learn
harness/mixed_tables.py     real tables of mixed columns that packages ship
harness/planted_errors.py   errors of ten kinds, planted by rule in such tables
harness/protocols.py        which rows a detector is fitted on and which it scores
harness/detectors.py        name -> detector, each at one default for all data sets
harness/isolation.py        one thread, no output, seeds restored: how a detector is run
harness/run.py              the grid: data set x detector x seed x protocol
harness/results.py          ``results.csv``: append, resume, heal
harness/versions.py         ``versions.json``: the software that made a result
harness/probe.py            has the code that scores changed?
harness/report.py           means, ranks, where we lose, as Markdown
harness/significance.py     tests over data sets
harness/pictures.py         rank diagram, score histograms, training curves
harness/options.py          what commands ask of their options
studies/                    **one question each**
studies/ablation.py         what does each part and each setting do? Names for the grid
studies/dte.py              the ``dte-`` protocols beside that paper's figures (``dte.csv``)
studies/papers.py           precision, recall, F1 beside the papers' figures (``papers.csv``)
studies/published.py        whichever of these two a protocol has
studies/gate.py             does the harness reproduce published kNN figures to two decimals?
studies/explain.py          do explanations find the column that was made wrong?
studies/errors.py           are planted errors in real tables found, and the right column named?
studies/drift.py            does ``partial_fit`` recover when all rows move?
studies/selection.py        do scorers without labels choose well?
studies/speed.py            wall and CPU time, side by side
measured/                   results that the documentation shows, run by run
__main__.py                 the command line
=========================== ===================================================================
"""
