// What a reader of this page would trip over. One expression; its value is plain data.
(() => {
  const root = document.documentElement;
  const describe = (element) =>
    `${element.tagName.toLowerCase()}.${element.className}: ${element.textContent.trim().slice(0, 60)}`;

  // "rgb(1, 2, 3)" and "rgba(1, 2, 3, 0.5)"; whatever else there may be must not pass unseen.
  const parse = (text) => {
    const match = /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(text);
    if (!match) throw new Error(`a colour that cannot be measured: ${text}`);
    const [, r, g, b, a] = match;
    return { rgb: [Number(r), Number(g), Number(b)], alpha: a === undefined ? 1 : Number(a) };
  };
  const over = (top, alpha, below) => top.map((value, i) => value * alpha + below[i] * (1 - alpha));

  // The colour below an element's words; null where nobody has set one that covers.
  const backdrop = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none') throw new Error(`a picture below words: ${describe(at)}`);
      if (style.opacity !== '1') throw new Error(`half seen: ${describe(at)}`);
      layers.push(parse(style.backgroundColor));
      if (layers.at(-1).alpha === 1) break;
    }
    if (layers.at(-1).alpha !== 1) return null;
    return layers.reverse().reduce((below, layer) => over(layer.rgb, layer.alpha, below), [0, 0, 0]);
  };

  // WCAG 2.2, "relative luminance" and "contrast ratio".
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent.trim()) continue;
    const element = node.parentElement;
    const style = getComputedStyle(element);
    const below = backdrop(element);
    const ink = parse(style.color);
    const box = document.createRange();
    box.selectNodeContents(node);
    texts.push({
      what: describe(element),
      contrast: below ? contrast(over(ink.rgb, ink.alpha, below), below) : 0,
      size: parseFloat(style.fontSize),
      shown: style.visibility === 'visible' && box.getBoundingClientRect().width > 0,
    });
  }

  // Beyond the screen's edge, or cut off by its own box.
  const outside = [];
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 &&
      getComputedStyle(element).display !== 'inline';
    if (box.left < -0.5 || box.right > window.screen.width + 0.5 || cut) {
      outside.push(describe(element));
    }
  }

  const body = parse(getComputedStyle(document.body).backgroundColor);
  return {
    width: Math.max(root.scrollWidth, document.body.scrollWidth),
    screen: window.screen.width,
    outside,
    texts: texts.length,
    unreadable: texts.filter((text) => text.contrast < 4.5),
    lowest: Math.min(...texts.map((text) => text.contrast)),
    small: texts.filter((text) => text.size < 12).map((text) => text.what),
    hidden: texts.filter((text) => !text.shown).map((text) => text.what),
    paper: luminance(body.rgb) * body.alpha,
    scripts: document.scripts.length,
    rules: [...document.styleSheets].reduce((sum, sheet) => sum + sheet.cssRules.length, 0),
    words: document.body.innerText,
  };
})()
