// Small helps that every page has: the reader's time zone, the theme, ages, menus.
(() => {
  const root = document.documentElement;

  // --- time zone: the server renders times; it only has to know the zone ----------------------
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.cookie.split("; ").find((pair) => pair.startsWith("tz="))?.slice(3);
  if (zone && !("zoneChosen" in root.dataset) && known !== encodeURIComponent(zone)) {
    document.cookie = `tz=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
    const stored = document.cookie.includes(`tz=${encodeURIComponent(zone)}`);
    // Nothing has been typed yet on a page that has just loaded, so loading it again is harmless.
    if (stored && root.dataset.zone !== zone && !document.querySelector("form[method=post] input:not([type=hidden])")) {
      location.reload();
    }
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone: root.dataset.zone });
  } catch {
    delete root.dataset.zone; // newer than this browser, whose own zone is the best it can do
  }

  // --- theme -----------------------------------------------------------------------------------
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch {
        // Without storage the choice lasts until the next page.
      }
      document.dispatchEvent(new Event("themechange"));
    });
  }

  // --- ages of seconds, counted on from what the server wrote -----------------------------------
  const [seconds, minutes, hours, days] = root.dataset.units.split(" ");
  const tick = () => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const age = Math.max(0, Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
      const words =
        age < 60 ? `${age} ${seconds}`
        : age < 3600 ? `${Math.floor(age / 60)} ${minutes}`
        : age < 86400 ? `${Math.floor(age / 3600)} ${hours}`
        : `${Math.floor(age / 86400)} ${days}`;
      const text = root.dataset.ago.replace("%(duration)s", words);
      if (time.textContent !== text) time.textContent = text;
    }
  };
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:afterSwap", tick);

  // --- keys that act alone can be switched off: speech input and tremors press them by accident ----
  const singleKeys = () => {
    try {
      return localStorage.getItem("shortcuts") !== "off";
    } catch {
      return true;
    }
  };

  // --- a menu closes when one clicks elsewhere or presses Escape --------------------------------
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.key === "/" && !event.target.closest("input, textarea, select") && singleKeys()) {
      const find = document.querySelector("[data-find]") ?? document.getElementById("find");
      if (find) {
        event.preventDefault();
        find.focus();
      }
    }
  });

  // --- what was pressed shows that it works, and is sent once ------------------------------------
  const PATIENCE_MS = 15_000;
  const busy = (parts, yes) => {
    for (const part of parts) {
      if (yes) part.setAttribute("aria-busy", "true");
      else part.removeAttribute("aria-busy");
    }
  };
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (event.defaultPrevented) return;
    if (target.hasAttribute("aria-busy")) return event.preventDefault();
    const parts = [target, submitter].filter(Boolean);
    busy(parts, true);
    // Who stays on the page, for the answer is a file or does not come, may press again.
    setTimeout(busy, target.getAttribute("method") === "post" ? PATIENCE_MS : 1000, parts, false);
  });
  addEventListener("pageshow", () => busy(document.querySelectorAll("form[aria-busy], button[aria-busy]"), false));

  // --- following a link that the server should know of ------------------------------------------
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-tell]");
    const token = document.querySelector("#act [name=csrfmiddlewaretoken]")?.value;
    if (!link || !token) return;
    fetch(link.dataset.tell, { method: "POST", headers: { "X-CSRFToken": token }, keepalive: true });
  });
})();
