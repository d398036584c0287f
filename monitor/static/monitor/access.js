// Who lets a hub pass: copying what is to be changed, and moving through the grid by arrows.
(() => {
  const root = document.documentElement;
  root.classList.add("can-copy");

  // --- copying -----------------------------------------------------------------------------------
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  document.body.append(said);

  const copiedTheOldWay = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };

  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      // Browsers give pages without https no clipboard, but still obey the old command.
      return copiedTheOldWay(source.textContent);
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    const words = document.getElementById("access-words").dataset;
    const isCopied = await copied(source);
    button.focus({ preventScroll: true });
    if (!isCopied) getSelection().selectAllChildren(source);
    const text = isCopied ? words.copied : words.selected;
    said.textContent = "";
    button.textContent = text;
    // A region that is filled after it was emptied is read out again.
    requestAnimationFrame(() => { said.textContent = text; });
    setTimeout(() => { button.textContent = words.copy; }, 2500);
  });

  // --- the grid: one stop for the Tab key, arrows inside -----------------------------------------
  const rove = () => {
    const marks = [...document.querySelectorAll(".matrix .mark")];
    const here = marks.includes(document.activeElement) ? document.activeElement : marks[0];
    for (const mark of marks) mark.tabIndex = mark === here ? 0 : -1;
  };
  rove();
  document.addEventListener("htmx:afterSwap", rove);

  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.addEventListener("keydown", (event) => {
    const mark = event.target.closest?.(".matrix .mark");
    if (!mark) return;
    if (event.key === "Escape") mark.blur();
    if (!(event.key in steps)) return;
    const [down, right] = steps[event.key];
    const rows = [...mark.closest("tbody").rows].map((row) => [...row.querySelectorAll(".mark")]);
    const row = rows.findIndex((marks) => marks.includes(mark));
    const next = rows[row + down]?.[rows[row].indexOf(mark) + right];
    if (!next) return;
    event.preventDefault();
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
})();
