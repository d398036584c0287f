// Draws the figures the server sends. Colours come from the style sheet, so that themes apply. The library is
// loaded once a chart comes near the screen, after everything else has been painted.
(() => {
  const { library } = document.currentScript.dataset;
  const figures = new Map();
  const EVERY_MS = 60_000;

  let loading = null;
  const plotly = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.onload = resolve;
      script.onerror = () => { loading = null; script.remove(); reject(new Error("no library")); };
      document.head.append(script);
    });
    return loading;
  };

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

  // --- time and part of the fleet: in the address, and everything below follows it -----------------
  const followed = (address) => {
    const url = new URL(address, location.href);
    const wanted = new URLSearchParams(location.search);
    for (const name of ["range", "from", "to", "span"]) url.searchParams.delete(name);
    for (const name of ["range", "from", "to"]) if (wanted.has(name)) url.searchParams.set(name, wanted.get(name));
    return url.pathname + url.search;
  };

  const askPart = (part) => {
    if (document.hidden) return;
    const query = new URLSearchParams(location.search);
    query.set("part", part.dataset.lookPart);
    // Without a connection the page says so, and this is asked again.
    const asked = htmx.ajax("GET", `${location.pathname}?${query}`, { source: part, target: part, swap: "innerHTML" });
    asked?.catch(() => undefined);
  };

  const follow = () => {
    for (const link of document.querySelectorAll("a[data-follows]")) link.href = followed(link.href);
    for (const place of document.querySelectorAll("[data-chart][data-follows]")) {
      place.dataset.chart = followed(place.dataset.chart);
      if (figures.has(place)) load(place);
    }
    for (const table of document.querySelectorAll("[data-table][data-follows]")) {
      table.dataset.table = followed(table.dataset.table);
      if (table.closest("details").open) fill(table);
    }
    for (const part of document.querySelectorAll("[data-look-part]")) askPart(part);
  };

  const zoom = (from, to) => {
    const query = new URLSearchParams(location.search);
    for (const name of ["range", "span", "part"]) query.delete(name);
    const minute = (at) => `${new Date(at).toISOString().slice(0, 16)}Z`;
    query.set("from", minute(from));
    query.set("to", minute(to));
    history.pushState({}, "", `?${query}`);
    shown = location.search;
    follow();
  };
  // A link to a part of the page, such as the one that skips to the content, comes here too and changes nothing.
  let shown = location.search;
  addEventListener("popstate", () => { if (location.search !== shown) location.reload(); });

  // Plotly reads and writes moments without a zone; the server sends all of them in UTC.
  const utc = (text) => Date.parse(`${String(text).replace(" ", "T").replace(/(Z|[+-]\d\d:\d\d)$/, "")}Z`);

  const listen = (place) => {
    place.on("plotly_relayout", (change) => {
      const [from, to] = change["xaxis.range"] ?? [change["xaxis.range[0]"], change["xaxis.range[1]"]];
      if (from === undefined || to === undefined || utc(to) - utc(from) < 60_000) return;
      if ("follows" in place.dataset) zoom(utc(from), utc(to));
    });
    place.on("plotly_click", ({ points }) => {
      const url = points.map((point) => point.customdata).find((data) => typeof data === "string" && data);
      if (url) location.assign(url);
    });
  };

  // --- the columns of the picture: one stop for the Tab key, arrows inside ---------------------------
  const columns = () => [...document.querySelectorAll(".columns a")];
  const rove = (stop) => {
    for (const column of columns()) column.setAttribute("tabindex", column === stop ? 0 : -1);
  };
  const roveAnew = () => rove(columns().find((column) => column === document.activeElement) ?? columns()[0]);
  document.addEventListener("htmx:afterSwap", roveAnew);
  roveAnew();
  document.addEventListener("keydown", (event) => {
    const here = event.target.closest?.(".columns a");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = here && step && columns()[columns().indexOf(here) + step];
    if (!next) return;
    event.preventDefault();
    rove(next);
    next.focus();
  });

  // --- drawing ---------------------------------------------------------------------------------------
  const coarse = matchMedia("(pointer: coarse)");
  const narrow = (layout) => {
    layout.margin = { ...layout.margin, l: 48, r: Math.round(layout.margin.r * 0.9) };
    layout.font.size = 11;
    for (const label of layout.annotations) label.font = { ...label.font, size: Math.min(label.font?.size ?? 12, 11) };
    const { tickvals = [], ticktext = [] } = layout.xaxis ?? {};
    if (!tickvals.length) return;
    // Fewer of them, and where days stand among hours, those of the days.
    const days = [...ticktext.keys()].filter((place) => !ticktext[place].includes(":"));
    const kept = days.length > 1 ? days : [...ticktext.keys()];
    const every = Math.ceil(kept.length / 4);
    const shown = kept.filter((_, place) => (place - Math.max(kept.indexOf(days[0]), 0)) % every === 0);
    layout.xaxis.tickvals = shown.map((place) => tickvals[place]);
    layout.xaxis.ticktext = shown.map((place) => ticktext[place]);
  };

  // Where there is nothing to draw a sentence says so, and takes no more room than that.
  const drawNothing = (place, words) => {
    if (place.layout) Plotly.purge(place);
    const sentence = document.createElement("p");
    sentence.className = "chart-missing";
    sentence.textContent = words;
    place.replaceChildren(sentence);
  };

  const draw = (place) => {
    const style = getComputedStyle(document.documentElement);
    const { data, layout } = coloured(figures.get(place), style);
    const nothing = layout.meta?.empty;
    place.classList.toggle("is-empty", Boolean(nothing));
    if (nothing) return drawNothing(place, nothing);
    layout.font.family = getComputedStyle(document.body).fontFamily;
    // Dragging is for the page where fingers do it, and for looking closer where the address can say so.
    if (coarse.matches || !("follows" in place.dataset)) layout.dragmode = false;
    if (place.clientWidth < 480) narrow(layout);
    place.querySelector(".chart-missing")?.remove();
    const isNew = !place.layout;
    Plotly.react(place, data, layout, { displayModeBar: false, responsive: true, doubleClick: false, showTips: false });
    if (isNew) listen(place);
  };

  const sayFailed = (place) => {
    const missing = place.querySelector(".chart-missing");
    if (missing && !figures.has(place)) missing.textContent = place.dataset.failed;
  };

  const load = async (place) => {
    if (document.hidden) return;
    const address = place.dataset.chart;
    try {
      const [answer] = await Promise.all([fetch(address, { headers: { Accept: "application/json" } }), plotly()]);
      if (place.dataset.chart !== address) return;
      if (!answer.ok) return sayFailed(place);
      const figure = await answer.json();
      const isSame = JSON.stringify(figures.get(place)) === JSON.stringify(figure);
      figures.set(place, figure);
      if (!isSame) draw(place);
    } catch {
      // Not reachable just now: a figure stays as it was, and the sign above says so.
      sayFailed(place);
    }
  };

  const fill = async (table) => {
    try {
      const answer = await fetch(table.dataset.table, { headers: { "HX-Request": "true" } });
      if (answer.ok) table.innerHTML = await answer.text();
    } catch {
      // Not reachable just now: what stands there stays, at first a link to the table.
    }
  };
  document.addEventListener("toggle", (event) => {
    const table = event.target.open && event.target.querySelector?.(":scope > [data-table]");
    if (table) fill(table);
  }, true);

  const redraw = () => figures.forEach((_, place) => draw(place));
  document.addEventListener("themechange", redraw);
  matchMedia("(max-width: 640px)").addEventListener("change", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      load(entry.target);
      setInterval(() => load(entry.target), EVERY_MS);
    }
  }, { rootMargin: "400px" });
  const begin = () => {
    for (const place of document.querySelectorAll("[data-chart]")) near.observe(place);
    for (const part of document.querySelectorAll("[data-look-part][data-every]")) {
      if (part.querySelector("noscript")) askPart(part);
      setInterval(() => askPart(part), Number(part.dataset.every) * 1000);
    }
  };
  // Two frames later the page has been painted.
  requestAnimationFrame(() => requestAnimationFrame(begin));
})();
