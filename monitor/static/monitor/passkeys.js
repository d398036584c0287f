// Buttons for passkeys: shown where the browser has them, on addresses on which they work.
(() => {
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  // Browsers tie passkeys to names with HTTPS, never to bare addresses.
  const isBare = /^[\d.]+$|:/.test(location.hostname);
  if (!isSecureContext || isBare || !window.PublicKeyCredential || !window.webauthnJSON) {
    document.getElementById("no-passkeys")?.removeAttribute("hidden");
    return;
  }
  const wrong = form.querySelector("[role=alert]");
  form.hidden = false;
  const kept = document.getElementById("passkey-data");
  const data = kept ? JSON.parse(kept.textContent) : null;

  const create = () => {
    const options = data.creation_options;
    const alone = form.querySelector("[name=passwordless]")?.checked ?? false;
    const wanted = options.publicKey.authenticatorSelection;
    wanted.residentKey = alone ? "required" : "discouraged";
    wanted.requireResidentKey = alone;
    if (alone) wanted.userVerification = "required";
    return webauthnJSON.create(options);
  };
  const login = async () => {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return webauthnJSON.get((await answer.json()).request_options);
  };
  const ways = { create, login, get: () => webauthnJSON.get(data.request_options) };

  document.getElementById("passkey").addEventListener("click", async () => {
    wrong.hidden = true;
    try {
      const credential = await ways[form.dataset.passkey]();
      form.querySelector("[name=credential]").value = JSON.stringify(credential);
      form.submit();
    } catch {
      wrong.hidden = false;
    }
  });
})();
