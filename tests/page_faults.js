// Texts of a page that a reader cannot see: beside the screen, or nearly in the colour of what is
// behind them. Code and tables may be wider than the screen if they scroll by themselves.
() => {
  const LEAST = 3; // contrast of large texts in WCAG 2.1, level AA
  const faults = new Set();
  const looks = new Set(); // elements whose colours were compared

  const colour = (text) => {
    const numbers = text.match(/[\d.]+/g).map(Number);
    const unit = text.startsWith("color(") ? 255 : 1;
    return [...numbers.slice(0, 3).map((n) => n * unit), numbers[3] ?? 1];
  };
  const over = (above, below) =>
    [0, 1, 2].map((i) => above[i] * above[3] + below[i] * (1 - above[3]));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = new Map([[null, [255, 255, 255]]]);
  const ground = (element) => {
    if (!grounds.has(element)) {
      const own = colour(getComputedStyle(element).backgroundColor);
      grounds.set(element, own[3] ? over(own, ground(element.parentElement)) : ground(element.parentElement));
    }
    return grounds.get(element);
  };
  const scrolls = (element) => {
    const box = element.closest("article") && element.getBoundingClientRect();
    const overflow = getComputedStyle(element).overflowX;
    return ["auto", "scroll"].includes(overflow) && box && box.right <= innerWidth;
  };
  const isBeside = (element, box) => {
    if (box.right <= innerWidth) return false;
    for (let one = element; one; one = one.parentElement) if (scrolls(one)) return false;
    return true;
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim().slice(0, 40);
    if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (element.closest("svg, .sk-top-container")) continue; // diagrams of scikit-learn, as it draws them
    range.selectNodeContents(texts.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    if (element.closest("article") && isBeside(element, box)) faults.add(`beside: ${text}`);
    if (looks.has(element)) continue;
    looks.add(element);
    const behind = ground(element);
    const written = over(colour(getComputedStyle(element).color), behind);
    const [low, high] = [luminance(written), luminance(behind)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < LEAST) faults.add(`pale: ${text}`);
  }
  return [...faults];
};
