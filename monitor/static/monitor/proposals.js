// A field that proposes names while one types. The page's parts are made anew, so nothing is bound to the field.
(() => {
  let asked = 0;
  let waiting;
  const propose = async (field) => {
    const mine = ++asked;
    const answer = await fetch(`${field.dataset.names}?q=${encodeURIComponent(field.value.trim())}`).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    const { names } = await answer.json();
    field.list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
  };
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches("input[data-names]")) return;
    clearTimeout(waiting);
    // Taking a proposal replaces the text at once; typing does it letter by letter.
    const isTyped = event.inputType && event.inputType !== "insertReplacementText";
    if (isTyped && field.value.trim()) waiting = setTimeout(propose, 150, field);
  });
})();
