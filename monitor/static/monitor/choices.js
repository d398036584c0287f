// A field above a long list of choices, such as time zones, that shortens it while one types.
(() => {
  for (const select of document.querySelectorAll("select[data-search]")) {
    const groups = [...select.children].map((child) => ({ child, options: [...child.children] }));
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = select.dataset.search;
    field.setAttribute("aria-label", select.dataset.search);
    field.autocomplete = "off";
    select.before(field);

    const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const shorten = () => {
      const wanted = plain(field.value.trim());
      const kept = select.value;
      const fits = (one) => plain(`${one.value} ${one.text}`).replace(/_/g, " ").includes(wanted);
      for (const { child, options } of groups) {
        if (child.localName === "option") {
          child.hidden = !fits(child);
          continue;
        }
        const shown = options.filter(fits);
        child.replaceChildren(...shown);
        child.hidden = options.length > 0 && shown.length === 0;
      }
      const first = [...select.options].find((one) => !one.hidden);
      const isThere = [...select.options].some((one) => one.value === kept && one.parentElement !== null);
      select.value = isThere && !wanted ? kept : (wanted && first ? first.value : kept);
    };
    field.addEventListener("input", shorten);
    // Enter in the field chooses, it does not send the form.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      select.focus();
    });
  }
})();
