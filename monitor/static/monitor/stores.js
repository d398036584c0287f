// A field above a list of stores, which adds the name that is taken of those that proposals.js fetches.
(() => {
  for (const area of document.querySelectorAll("textarea[data-stores]")) {
    const names = document.createElement("datalist");
    names.id = `${area.id}-names`;
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = area.dataset.storesLabel;
    field.setAttribute("aria-label", area.dataset.storesLabel);
    field.setAttribute("list", names.id);
    field.dataset.names = area.dataset.stores;
    field.autocomplete = "off";
    area.before(field, names);

    const lines = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const add = () => {
      const name = field.value.trim();
      if (![...names.children].some((one) => one.value === name)) return false;
      area.value = [...new Set([...lines(), name])].join("\n");
      field.value = "";
      names.replaceChildren();
      return true;
    };
    // Taking a proposal replaces the text at once; typing does it letter by letter.
    field.addEventListener("input", (event) => {
      if (!event.inputType || event.inputType === "insertReplacementText") add();
    });
    // Enter in the field adds, it does not send the form.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!add() && names.children.length === 1) {
        field.value = names.children[0].value;
        add();
      }
    });
  }
})();
