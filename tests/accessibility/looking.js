// What a test looks for on a page. Each function gives sentences about what is wrong; none: all is well.
window.looking = (() => {
  const STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], iframe";
  const isSeen = (one) =>
    one.checkVisibility({ visibilityProperty: true }) && [...one.getClientRects()].some((box) => box.width && box.height);
  const isForReadersOnly = (one) => one.closest(".visually-hidden, .skip") !== null || one.clientHeight <= 1;
  const named = (one) => {
    const words = (one.getAttribute("aria-label") ?? one.textContent).trim().replace(/\s+/g, " ").slice(0, 40);
    return `${one.localName}${one.id && `#${one.id}`}${[...one.classList].map((name) => `.${name}`).join("")} "${words}"`;
  };
  const every = () => [...document.body.querySelectorAll("*")];

  // Everything that is folded in the page itself; what opens above it would hide it.
  const unfold = () => {
    for (const one of document.querySelectorAll("details:not(.menu, .pop, .with *)")) one.open = true;
  };
  // Charts, the tables behind them, and parts that are asked for once the page is there.
  const UNDRAWN = "[data-chart]:not(.is-empty, :has(.main-svg)), [open] [data-table]:has(> a), [data-look-part]:has(noscript)";
  const drawn = async () => {
    for (let patience = 200; patience; patience -= 1) {
      const next = document.querySelector(UNDRAWN);
      if (!next) break;
      next.scrollIntoView();
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    scrollTo(0, 0);
  };

  // --- nothing moves ----------------------------------------------------------------------------------
  const isLong = (times) => times.split(",").some((time) => parseFloat(time) * (time.includes("ms") ? 1 : 1000) > 10);
  const moving = () => {
    const faults = document.getAnimations().map((one) => `${named(one.effect.target)} moves`);
    for (const one of [document.documentElement, ...every()]) {
      for (const part of [null, "::before", "::after"]) {
        const style = getComputedStyle(one, part);
        const isAnimated = style.animationName !== "none" && isLong(style.animationDuration);
        const isSlow = style.transitionProperty !== "none" && isLong(style.transitionDuration);
        if (isAnimated || isSlow || style.scrollBehavior === "smooth") faults.push(`${named(one)}${part ?? ""} moves slowly`);
      }
    }
    return faults;
  };

  // --- everything fits --------------------------------------------------------------------------------
  const cut = () => {
    const root = document.documentElement;
    const faults = root.scrollWidth > root.clientWidth ? [`the page is ${root.scrollWidth} px wide`] : [];
    for (const one of every()) {
      if (one.closest("svg, select") || one.matches("input, textarea") || !isSeen(one) || isForReadersOnly(one)) continue;
      const style = getComputedStyle(one);
      const over = one.scrollWidth - one.clientWidth;
      const isClipped = (way) => ["hidden", "clip"].includes(way);
      // Of a line box as high as its letters nothing is cut, though its box is taller by a pixel or two.
      if (one.clientWidth && isClipped(style.overflowX) && over > 1) faults.push(`${named(one)} is cut by ${over} px`);
      if (one.clientHeight && isClipped(style.overflowY) && one.scrollHeight - one.clientHeight > 4) faults.push(`${named(one)} is cut below`);
      const scrolls = ["auto", "scroll"].includes(style.overflowX) && over > 1;
      if (scrolls && !one.matches("pre, code, :has(table)")) faults.push(`${named(one)} scrolls sideways`);
      const { right, left } = one.getBoundingClientRect();
      const isInScroller = one.parentElement.closest("pre, .scroll, .results, :has(> table)") !== null;
      if ((right > root.clientWidth + 1 || left < -1) && !isInScroller) faults.push(`${named(one)} stands outside the window`);
    }
    return faults;
  };

  // --- everything is reached by keys, and seen where it is -----------------------------------------------
  let stops;
  let reached;
  let faults;
  let before;
  const look = (one) => {
    const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor, textDecorationLine } = getComputedStyle(one);
    const outline = outlineStyle === "none" ? "none" : outlineWidth;
    return [outline, boxShadow, borderColor, backgroundColor, textDecorationLine].join(" ");
  };
  const groupOf = (one) => (one.type === "radio" ? `${one.form?.id}/${one.name}` : one);
  const hiding = (one) => {
    const boxes = [...one.getClientRects()].filter((box) => box.width && box.height);
    const box = boxes.find((each) => each.bottom > 0 && each.top < innerHeight);
    if (!box) return "is outside the window";
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    const isItself = there && (one.contains(there) || there.contains(one) || there.closest("label")?.control === one);
    return isItself ? "" : `is hidden behind ${there ? named(there) : "nothing"}`;
  };
  const arrived = () => {
    const one = document.activeElement;
    if (!before.has(one)) return;
    reached.add(groupOf(one));
    const why = hiding(one);
    if (why) faults.push(`${named(one)} ${why} when the focus is there`);
    if (look(one) === before.get(one)) faults.push(`${named(one)} does not show that the focus is there`);
  };
  const beginKeys = () => {
    document.activeElement.blur();
    stops = [...document.querySelectorAll(STOPS)].filter((one) => isSeen(one) && one.tabIndex >= 0 && !one.disabled);
    [reached, faults, before] = [new Set(), [], new Map(stops.map((one) => [one, look(one)]))];
    for (const one of stops) if (one.tabIndex > 0) faults.push(`${named(one)} has a place of its own in the order`);
    // Charts are images with a table that leads to the same; the row of a band has a name that leads to its page;
    // arrows lead from column to column.
    const takers = "a[href], button, input, select, textarea, summary, label, option, [tabindex]";
    for (const one of every()) {
      if (getComputedStyle(one).cursor !== "pointer" || !isSeen(one) || one.closest("[data-chart], .band, .columns")) continue;
      const taker = one.closest(takers);
      if (!taker || (taker.tabIndex < 0 && !taker.matches("label, option"))) faults.push(`${named(one)} is for the mouse only`);
    }
    addEventListener("keydown", arrived, { capture: true });
  };
  const missed = () => stops.filter((one) => one.isConnected && !reached.has(groupOf(one)));
  // What sticks to the top hides only what one goes back to.
  const isSticky = (one) => getComputedStyle(one).position === "sticky" && isSeen(one);
  const mustGoBack = () => every().some((one) => isSticky(one) && (one.localName !== "th" || one.closest(".tall")));
  const endKeys = () => {
    arrived();
    return [...new Set([...faults, ...missed().map((one) => `${named(one)} is not reached`)])];
  };

  // --- states are told apart by more than their colours, which the reader's own may replace -----------------
  const alike = () => {
    const faults = [];
    const ground = getComputedStyle(document.body).backgroundColor;
    for (const one of document.querySelectorAll(".state")) if (isSeen(one) && !one.innerText.trim()) faults.push(`${named(one)} has no word`);
    for (const one of document.querySelectorAll(".shape")) {
      if (isSeen(one) && getComputedStyle(one).color === ground) faults.push(`${named(one)} cannot be seen`);
    }
    for (const one of document.querySelectorAll(".top [aria-current], .tabs [aria-current]")) {
      if (isSeen(one) && getComputedStyle(one).textDecorationLine !== "underline") faults.push(`${named(one)} does not show that it is chosen`);
    }
    return faults;
  };

  // --- everything works without scripts ------------------------------------------------------------------
  const helpless = () => {
    const main = document.querySelector("main, #content") ?? document.body;
    const [title, words] = [document.querySelector("h1"), main.innerText.trim()];
    const faults = [];
    if (!title?.textContent.trim()) faults.push("has no heading");
    if (words.length < 40) faults.push(`says only "${words}"`);
    if (/\bloading\b|looking among all/i.test(words)) faults.push("awaits what does not come");
    for (const one of document.querySelectorAll("button[type=button]")) if (isSeen(one)) faults.push(`${named(one)} does nothing`);
    for (const form of document.forms) {
      const fields = [...form.elements].filter((one) => isSeen(one) && one.matches("input, select, textarea"));
      const sends = [...form.elements].some((one) => isSeen(one) && one.matches("button:not([type=button]), [type=submit], [type=image]"));
      // One field alone is sent by Enter.
      if (fields.length > 1 && !sends) faults.push(`${named(form)} cannot be sent`);
    }
    for (const one of document.querySelectorAll("[data-chart], [data-look-part]")) {
      if (isSeen(one) && !one.innerText.trim()) faults.push(`${named(one)} is empty`);
    }
    return faults;
  };

  return { alike, helpless, unfold, drawn, moving, cut, beginKeys, missed: () => missed().length, stops: () => stops.length, mustGoBack, endKeys };
})();
