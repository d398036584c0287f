// The wall has no reader who would notice that it stands still: it has a clock, and says when it hears nothing.
(() => {
  const clock = document.getElementById("wall-clock");
  const sign = document.getElementById("disconnected");
  const stamp = document.getElementById("last-live");
  const { lang, dataset } = document.documentElement;
  const form = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: dataset.zone });
  const PATIENCE_MS = 30_000;
  let heard = Date.now();

  // Answers that change nothing count as well: what is not heard at all is what is told.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful || event.detail.xhr?.status === 304) heard = Date.now();
  });
  const beat = () => {
    clock.textContent = form.format(new Date());
    if (Date.now() - heard < PATIENCE_MS || !sign.hidden) return;
    stamp.textContent = form.format(new Date(heard));
    sign.hidden = false;
    document.body.classList.add("is-disconnected");
  };
  beat();
  setInterval(beat, 1000);

  // A screen that sleeps shows nothing. Not every browser can be asked, and the screen may be asleep already.
  const stayAwake = () => navigator.wakeLock?.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", () => { if (!document.hidden) stayAwake(); });
  stayAwake();
})();
