// Runs before the first paint, so that a chosen theme never flashes.
(() => {
  // What a person has chosen in their settings counts on every device.
  if (document.documentElement.dataset.theme) return;
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; the system's choice then stands.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
