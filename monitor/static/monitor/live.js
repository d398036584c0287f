// Live parts: htmx asks again every few seconds; this keeps them from disturbing the reader.
(() => {
  const last = new Map();
  let place = null;
  const sign = document.getElementById("disconnected");
  const stamp = document.getElementById("last-live");
  // As all times of the page are written: 24 hours, in the reader's zone, which may not be the browser's.
  const { lang, dataset } = document.documentElement;
  const form = new Intl.DateTimeFormat(lang, { timeStyle: "medium", hourCycle: "h23", timeZone: dataset.zone });
  // The wall has none: nobody writes there.
  const signedOut = document.getElementById("signed-out");
  const main = document.querySelector("main");
  const isSignedOut = () => signedOut !== null && !signedOut.hidden;
  let lastLive = new Date();
  let lostAt = -Infinity;
  const asked = new WeakMap();

  const connected = (yes) => {
    if (yes) {
      lastLive = new Date();
    } else {
      lostAt = performance.now();
      if (sign.hidden) stamp.textContent = form.format(lastLive);
    }
    sign.hidden = yes;
    document.body.classList.toggle("is-disconnected", !yes);
  };

  const hasUnsent = (part) => {
    for (const field of part.querySelectorAll("input:not([type=hidden]), textarea")) {
      const isTick = field.type === "checkbox";
      if (isTick ? field.checked !== field.defaultChecked : field.value !== field.defaultValue) return true;
    }
    return false;
  };

  const inUse = (part) => {
    const active = document.activeElement;
    if (part.contains(active) && active.matches("input, textarea, select")) return true;
    if (hasUnsent(part) || part.querySelector("button[aria-busy]")) return true;
    const selection = getSelection();
    return !selection.isCollapsed && part.contains(selection.anchorNode);
  };

  // --- a part that is made anew keeps the reader's place: what is open, how far it is scrolled, the focus ---
  // htmx finds only what has an id again; links in a list have none.
  const stopsIn = (part) => [...part.querySelectorAll("a[href], button, summary, [tabindex]")];
  const sameAs = (one) => `${one.localName} ${one.getAttribute("href")} ${one.id} ${one.textContent}`;
  const placeIn = (part) => {
    const stops = stopsIn(part);
    const at = stops.indexOf(document.activeElement);
    return {
      part: part.id,
      open: [...part.querySelectorAll("details[open][id]")].map((details) => details.id),
      scrolled: [...part.querySelectorAll(".scroll")].map((one) => one.scrollTop),
      at,
      stop: at < 0 ? null : sameAs(stops[at]),
    };
  };
  const takeUp = ({ part, open, scrolled, at, stop }) => {
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    const now = document.getElementById(part);
    if (!now) return;
    now.querySelectorAll(".scroll").forEach((one, n) => { one.scrollTop = scrolled[n] ?? 0; });
    if (at < 0 || now.contains(document.activeElement)) return;
    const stops = stopsIn(now);
    const next = stops.find((one) => sameAs(one) === stop) ?? stops[Math.min(at, stops.length - 1)];
    next?.focus({ preventScroll: true });
  };

  // A new session does not take the forms of the one before: they get its token.
  const signedInAgain = async () => {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
    for (const field of document.getElementsByName("csrfmiddlewaretoken")) field.value = token;
    signedOut.hidden = true;
  };
  main.addEventListener("submit", (event) => {
    if (!isSignedOut()) return;
    event.preventDefault();
    signedOut.scrollIntoView();
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.detail.elt;
    if (part.matches("[data-live]") && (document.hidden || inUse(part))) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSend", (event) => asked.set(event.detail.xhr, performance.now()));

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt, target, xhr, serverResponse } = event.detail;
    if (!elt.matches("[data-live]") || !event.detail.shouldSwap) return;
    // What was asked before the connection was lost does not show that it is there again.
    if (asked.get(xhr) > lostAt) connected(true);
    if (new URL(xhr.responseURL).pathname !== new URL(elt.getAttribute("hx-get"), location.href).pathname) {
      // Answered from another address: the session has ended and this is the sign-in page.
      event.detail.shouldSwap = false;
      if (!hasUnsent(main)) location.reload();
      else signedOut.hidden = false;
      return;
    }
    if (isSignedOut()) signedInAgain();
    if (last.get(elt.id) === serverResponse || inUse(target)) {
      event.detail.shouldSwap = false;
      return;
    }
    last.set(elt.id, serverResponse);
    place = placeIn(target);
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (place) takeUp(place);
    place = null;
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (event.detail.elt?.matches("[data-live]")) connected(false);
    });
  }
})();
