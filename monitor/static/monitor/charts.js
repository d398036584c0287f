// Draws the figures the server sends. Colours come from the style sheet, so that themes apply.
(() => {
  if (typeof Plotly === "undefined") return;
  const figures = new Map();

  const coloured = (value, style) => {
    if (typeof value === "string") {
      return value.replace(/^var\((--[a-z0-9-]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
    }
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map((item) => coloured(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
    }
    return value;
  };

  const draw = (place) => {
    const style = getComputedStyle(document.documentElement);
    const { data, layout } = coloured(figures.get(place), style);
    layout.font.family = getComputedStyle(document.body).fontFamily;
    place.querySelector(".chart-missing")?.remove();
    Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
  };

  const load = async (place) => {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.chart, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      figures.set(place, await answer.json());
      draw(place);
    } catch {
      // Not reachable just now: the figure stays as it was, and the sign above says so.
    }
  };

  const redraw = () => figures.forEach((_, place) => draw(place));
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const place of document.querySelectorAll("[data-chart]")) {
    load(place);
    setInterval(() => load(place), 60_000);
  }
})();
