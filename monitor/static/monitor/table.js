// The table of integrations: search while one types, ticks that are counted, keys.
(() => {
  const search = document.getElementById("q");
  const filter = document.getElementById("table-filter");
  const ticked = document.getElementById("ticked");
  const rows = () => [...document.querySelectorAll("#rows tr[data-row]")];
  const shown = () => rows().filter((row) => !row.hidden);

  // --- what is loaded is searched at once, everything by the server a moment later -----------------
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows()) {
      const text = row.querySelector(".who").textContent.toLowerCase() + row.querySelector("a").pathname;
      row.hidden = !words.every((word) => text.includes(word));
      left += !row.hidden;
    }
    const nothing = document.getElementById("nothing-here");
    if (nothing) nothing.hidden = left > 0;
  };
  search.addEventListener("input", narrow);

  // The address always leads to what is seen, and what is done with all concerns what is seen.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.elt === filter) {
      const { address, query } = document.getElementById("rows").dataset;
      history.replaceState(null, "", address ? `?${address}` : location.pathname);
      for (const field of document.querySelectorAll("input[data-query]")) field.value = query;
    }
    addTickAll();
    count();
  });

  // --- ticks ----------------------------------------------------------------------------------------
  const boxes = () => [...document.querySelectorAll("#rows input[name=chosen]")];
  const count = () => {
    if (!ticked) return;
    const n = boxes().filter((box) => box.checked).length;
    const words = n ? ticked.dataset.words.replace("%(n)s", n) : "";
    if (ticked.textContent !== words) ticked.textContent = words;
    // What can be done with several appears once there are some.
    document.getElementById("with-chosen").hidden = n === 0;
    const all = document.getElementById("tick-all");
    if (all) {
      all.checked = n > 0 && n === boxes().length;
      all.indeterminate = n > 0 && n < boxes().length;
    }
  };
  const addTickAll = () => {
    const heading = document.querySelector("#rows thead th.ticks");
    if (!ticked || !heading || document.getElementById("tick-all")) return;
    const all = document.createElement("input");
    all.type = "checkbox";
    all.id = "tick-all";
    all.setAttribute("aria-label", document.getElementById("keys").dataset.all);
    heading.prepend(all);
  };
  document.addEventListener("change", (event) => {
    if (event.target.id === "tick-all") {
      for (const row of shown()) {
        const box = row.querySelector("input[name=chosen]");
        if (box) box.checked = event.target.checked;
      }
    }
    if (event.target.matches("#tick-all, input[name=chosen]")) {
      const whom = document.getElementById("whom");
      if (whom) whom.value = "";
      count();
    }
  });
  addTickAll();
  count();

  // --- keys -----------------------------------------------------------------------------------------
  const help = document.getElementById("keys");
  const mayUse = document.getElementById("keys-on");
  const remembered = () => {
    try {
      return localStorage.getItem("shortcuts") !== "off";
    } catch {
      return mayUse.checked;
    }
  };
  mayUse.checked = remembered();
  mayUse.addEventListener("change", () => {
    try {
      localStorage.setItem("shortcuts", mayUse.checked ? "on" : "off");
    } catch {
      // Without storage the choice lasts until the next page.
    }
  });
  const opener = document.getElementById("show-keys");
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());

  const here = () => document.activeElement.closest?.("tr[data-row]");
  const go = (step) => {
    const list = shown();
    const next = list[list.indexOf(here()) + step] ?? (here() ? null : list[0]);
    next?.querySelector(".who a").focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const tick = () => here()?.querySelector("input[name=chosen]")?.click();
  const refresh = () => {
    const button = document.getElementById("refresh-chosen");
    if (!button) return;
    if (!boxes().some((box) => box.checked)) tick();
    if (boxes().some((box) => box.checked)) button.click();
  };
  const keys = { j: () => go(1), k: () => go(-1), x: tick, r: refresh, "?": () => help.showModal() };

  document.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || help.open || !remembered()) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    event.preventDefault();
    act();
  });
})();
