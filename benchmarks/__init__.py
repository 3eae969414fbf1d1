"""Compare :class:`pyod_gan.GANDetector` with its peers: run ``python -m benchmarks --help``.

==================== ==========================================================================
file                 what it holds
==================== ==========================================================================
datasets.py          data sets that need no download; the 64 pinned ADBench and ODDS files
download.py          fetch those files, with checksums
kddcup99.py          KDDCup99, through scikit-learn
protocols.py         which rows a detector is fitted on and which it scores
detectors.py         name -> detector, each at one default for all data sets
ablation.py          the same with one thing changed
ablated.py           the default GAN with a part taken out
nearest_prototype.py the training-free bar
pyod_gans.py         PyOD's GANs, repaired
isolation.py         one thread, no output, seeds restored: how a detector is run
run.py               the grid: data set x detector x seed x protocol
results.py           results.csv: append, resume, heal
report.py            means, ranks, where we lose, as Markdown
significance.py      tests over data sets
dte.py               the dte- protocols beside that paper's figures
papers.py            precision, recall and F1 beside the papers' own figures
pictures.py          rank diagram, score histograms, training curves
gate.py              does the harness reproduce published kNN figures to two decimals?
explain.py           do explanations find the column that was made wrong?
speed.py             wall and CPU time, side by side
==================== ==========================================================================
"""
