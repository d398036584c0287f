// A field above a list of stores that proposes names while one types, and adds the one that is taken.
(() => {
  for (const area of document.querySelectorAll("textarea[data-stores]")) {
    const names = document.createElement("datalist");
    names.id = `${area.id}-names`;
    const field = document.createElement("input");
    field.type = "search";
    field.placeholder = area.dataset.storesLabel;
    field.setAttribute("aria-label", area.dataset.storesLabel);
    field.setAttribute("list", names.id);
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
    let asked = 0;
    const propose = async () => {
      const mine = ++asked;
      const answer = await fetch(`${area.dataset.stores}?q=${encodeURIComponent(field.value.trim())}`).catch(() => null);
      if (!answer?.ok || mine !== asked) return;
      const found = (await answer.json()).names;
      names.replaceChildren(...found.map((name) => Object.assign(document.createElement("option"), { value: name })));
    };
    let waiting;
    field.addEventListener("input", (event) => {
      // Taking a proposal replaces the text at once; typing does it letter by letter.
      const isTyped = event.inputType && event.inputType !== "insertReplacementText";
      if (!isTyped && add()) return;
      clearTimeout(waiting);
      if (field.value.trim()) waiting = setTimeout(propose, 150);
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
