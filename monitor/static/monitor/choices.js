// A field above a long list of choices, such as time zones, that shortens it while one types.
(() => {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  for (const select of document.querySelectorAll("select[data-search]")) {
    const groups = [...select.children].map((child) => ({ child, options: [...child.children] }));
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = select.dataset.search;
    field.setAttribute("aria-label", select.dataset.search);
    field.autocomplete = "off";
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    said.className = "visually-hidden";
    select.before(field);
    select.after(said);

    // What a letter happens to find first is chosen by nobody until the field is left.
    let chosen = select.value;
    const shorten = () => {
      const wanted = plain(field.value.trim());
      const fits = (one) => plain(`${one.value} ${one.text}`).replace(/_/g, " ").includes(wanted);
      const all = groups.flatMap(({ child, options }) => (child.localName === "option" ? [child] : options));
      const first = all.find(fits);
      const isShown = (one) => !first || fits(one);
      for (const { child, options } of groups) {
        if (child.localName === "option") {
          child.hidden = !isShown(child);
          continue;
        }
        const shown = options.filter(isShown);
        child.replaceChildren(...shown);
        child.hidden = options.length > 0 && shown.length === 0;
      }
      select.value = wanted && first ? first.value : chosen;
      said.textContent = first ? "" : select.dataset.searchNothing;
      said.className = first ? "visually-hidden" : "help";
    };
    field.addEventListener("input", shorten);
    field.addEventListener("blur", () => { chosen = select.value; });
    select.addEventListener("change", () => { chosen = select.value; });
    // Enter in the field chooses, it does not send the form.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      select.focus();
    });
  }
})();
