// Live parts: htmx asks again every few seconds; this keeps them from disturbing the reader.
(() => {
  const last = new Map();
  let openDetails = [];
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
    if (hasUnsent(part)) return true;
    const selection = getSelection();
    return !selection.isCollapsed && part.contains(selection.anchorNode);
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
    openDetails = [...target.querySelectorAll("details[open][id]")].map((details) => details.id);
  });

  document.addEventListener("htmx:afterSwap", () => {
    for (const id of openDetails) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    openDetails = [];
  });

  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (event.detail.elt?.matches("[data-live]")) connected(false);
    });
  }
})();
